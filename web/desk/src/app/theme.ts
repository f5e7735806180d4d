import {
  ActionIcon,
  Badge,
  Button,
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  InputWrapper,
  type MantineColorsTuple,
  Menu,
  Modal,
  PasswordInput,
  rem,
  SegmentedControl,
  Select,
  Switch,
  Tabs,
  Textarea,
  TextInput,
  Tooltip,
} from '@mantine/core'
import styles from './theme.module.css'

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

const input = {
  defaultProps: { size: 'sm' },
  styles: { input: { '--input-bd': 'var(--line-control)', '--input-fz': 'var(--fs-14)' } },
}

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
    Button: Button.extend({
      defaultProps: { size: 'xs', variant: 'default' },
      classNames: { root: styles.button ?? '' },
      vars: (_, { size }) => ({
        root:
          size === 'xs'
            ? { '--button-height': '28px', '--button-padding-x': '10px', '--button-fz': 'var(--fs-13)' }
            : { '--button-fz': 'var(--fs-14)' },
      }),
    }),
    InputWrapper: InputWrapper.extend({
      styles: {
        label: { marginBottom: 'var(--s-2)', fontSize: 'var(--fs-13)', fontWeight: 500 },
        description: { marginBottom: 'var(--s-2)', fontSize: 'var(--fs-12)', lineHeight: 1.4 },
        error: { fontSize: 'var(--fs-12)' },
      },
    }),
    Menu: Menu.extend({ classNames: { item: styles.item ?? '' } }),
    Select: Select.extend({ ...input, classNames: { option: styles.item ?? '' } }),
    Switch: Switch.extend({
      styles: { label: { fontSize: 'var(--fs-13)' }, description: { marginTop: 2, fontSize: 'var(--fs-12)' } },
    }),
    SegmentedControl: SegmentedControl.extend({ styles: { label: { fontSize: 'var(--fs-13)' } } }),
    Tabs: Tabs.extend({ styles: { tab: { fontSize: 'var(--fs-13)' } } }),
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
