/** The nonce of this answer, for the styles that Mantine writes. The attribute reads empty by design; the property does not. */
export const nonce = document.querySelector<HTMLElement>('meta[property=csp-nonce]')?.nonce ?? ''
