import { createApi } from '@onethread/client'

/** The one client of the desk: same origin, the session cookie goes with it. */
export const api = createApi({ baseUrl: globalThis.location?.origin ?? '' })
