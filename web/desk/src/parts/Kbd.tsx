/** A key, shown for the eye. What it does stands beside it, or is the name of the control it stands in. */
export function Kbd({ keys, on, className }: { keys: string; on?: boolean; className?: string | undefined }) {
  return (
    <span className={`kbd${on ? ' kbd-on' : ''}${className ? ` ${className}` : ''}`} aria-hidden="true">
      {keys}
    </span>
  )
}
