/*! llhttp: Copyright Fedor Indutny, 2018. llhttp-wasm: Copyright 2025 Kyle Carberry. Both MIT; see THIRD_PARTY_LICENSES. */
/// <reference path="./webassembly.d.ts" />
import { wasmBytes } from 'llhttp-wasm';

let compiled: WebAssembly.Module | undefined;

/**
 * llhttp's state machine as WebAssembly, compiled on first use and then shared.
 *
 * Only the module is taken from llhttp-wasm: its JavaScript wrapper joins no
 * spans, decodes as UTF-8 and cannot stop a parse.
 */
export const llhttpModule = (): WebAssembly.Module => {
  compiled ??= new WebAssembly.Module(wasmBytes() as Uint8Array<ArrayBuffer>);
  return compiled;
};
