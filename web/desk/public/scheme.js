// Before the first paint: the colour scheme that was chosen here, or the system's.
// A file of its own, because the content policy allows no inline script.
try {
  const chosen = window.localStorage.getItem('onethread.scheme')
  const dark = chosen === 'dark' || (chosen !== 'light' && window.matchMedia('(prefers-color-scheme: dark)').matches)
  document.documentElement.setAttribute('data-mantine-color-scheme', dark ? 'dark' : 'light')
} catch {}
