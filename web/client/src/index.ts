export { mayBecome } from './delivery.ts'
export { type Api, createApi, ProblemError, take } from './http.ts'
export { type LiveOptions, LiveSocket, type LiveState, openBrowserSocket, type SocketLike, waitBefore } from './live.ts'
export type * from './types.ts'
