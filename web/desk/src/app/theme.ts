import {
  ActionIcon,
  Badge,
  Button,
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  Modal,
  PasswordInput,
  rem,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core'

const petrol: MantineColorsTuple = [
  '#EAF4F4',
  '#D3E8E9',
  '#A9D5D8',
  '#7ECBD1',
  '#58C2CB',
  '#33A3AD',
  '#1B828C',
  '#0B656E',
  '#084C53',
  '#06383D',
]
/** Charcoal in place of Mantine's grey, for inputs, menus and notifications. */
const dark: MantineColorsTuple = [
  '#ECEAE6',
  '#B7B4AE',
  '#A09D97',
  '#70757D',
  '#3A3E45',
  '#2C2F34',
  '#23262A',
  '#1A1C1F',
  '#131416',
  '#0F1012',
]

const input = { defaultProps: { size: 'sm' }, styles: { input: { '--input-bd': 'var(--line-control)' } } }

export const theme = createTheme({
  colors: { petrol, dark },
  primaryColor: 'petrol',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--font-mono)',
  cursorType: 'pointer',
  focusRing: 'auto',
  respectReducedMotion: true,
  fontSizes: { xs: rem(11), sm: rem(12), md: rem(13), lg: rem(14), xl: rem(16) },
  lineHeights: { xs: '1.2', sm: '1.4', md: '1.4', lg: '1.5', xl: '1.5' },
  spacing: { xs: rem(4), sm: rem(8), md: rem(12), lg: rem(16), xl: rem(24) },
  radius: { xs: rem(4), sm: rem(6), md: rem(10), lg: rem(14), xl: rem(999) },
  defaultRadius: 'sm',
  shadows: { xs: 'var(--e-1)', md: 'var(--e-2)', xl: 'var(--e-3)' },
  breakpoints: { xs: '40em', sm: '56.25em', md: '72.5em', lg: '86.25em', xl: '100em' },
  headings: {
    fontFamily: 'var(--font-display)',
    fontWeight: '600',
    sizes: {
      h1: { fontSize: rem(20), lineHeight: '1.25' },
      h2: { fontSize: rem(14), lineHeight: '1.35' },
      h3: { fontSize: rem(12), lineHeight: '1.35' },
    },
  },
  // autoContrast is worked out for the light shade alone; the accent brings its own pair for each scheme.
  variantColorResolver: (given) => {
    const colors = defaultVariantColorsResolver(given)
    const accent = !given.color || given.color === given.theme.primaryColor
    return accent && given.variant === 'filled'
      ? { ...colors, background: 'var(--accent)', hover: 'var(--accent-strong)', color: 'var(--on-accent)' }
      : colors
  },
  components: {
    Button: Button.extend({ defaultProps: { size: 'xs', variant: 'default' } }),
    ActionIcon: ActionIcon.extend({ defaultProps: { variant: 'subtle', size: 28, color: 'gray' } }),
    Tooltip: Tooltip.extend({ defaultProps: { openDelay: 500 } }),
    TextInput: TextInput.extend(input),
    PasswordInput: PasswordInput.extend(input),
    Textarea: Textarea.extend(input),
    Badge: Badge.extend({ defaultProps: { variant: 'light', radius: 'xs', tt: 'none' } }),
    Modal: Modal.extend({ defaultProps: { centered: false } }),
  },
})

const both = {
  '--mantine-color-body': 'var(--bg-app)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-dimmed': 'var(--text-2)',
  '--mantine-color-placeholder': 'var(--text-3)',
  '--mantine-color-default': 'var(--bg-surface)',
  '--mantine-color-default-hover': 'var(--bg-hover)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-error': 'var(--danger)',
  '--mantine-color-anchor': 'var(--accent)',
  '--mantine-primary-color-contrast': 'var(--on-accent)',
}

export const resolver: CSSVariablesResolver = () => ({ variables: {}, light: both, dark: both })
