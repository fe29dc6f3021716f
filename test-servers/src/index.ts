/** Origins and clients, friendly and hostile. Everything else is imported by its file's name. */
export { type Census, census, expectCensus } from './census.ts';
export { type FriendlyOrigin, startFriendlyOrigin } from './friendly-origin.ts';
export { deferred, eventually, guarded, turn } from './guard.ts';
export { patternBytes, patternChunks, patternSha256, patternStream } from './pattern.ts';
export { connectRaw, type RawClient } from './raw-client.ts';
export type { RawRequest } from './request-reader.ts';
export type { RawResponse } from './response-reader.ts';
export * from './script-steps.ts';
export {
  OriginConnection,
  type ScriptedOrigin,
  type ScriptedOriginOptions,
  startScriptedOrigin,
} from './scripted-origin.ts';
