import { expect, test } from 'vitest';
import { llhttpModule } from './module.ts';

test('the module is compiled once', () => {
  expect(llhttpModule()).toBe(llhttpModule());
});

test('the module asks for the eight callbacks that the binding knows', () => {
  const imports = WebAssembly.Module.imports(llhttpModule());
  expect(imports.map(({ module, name }) => `${module}.${name}`).sort()).toEqual([
    'env.wasm_on_body',
    'env.wasm_on_header_field',
    'env.wasm_on_header_value',
    'env.wasm_on_headers_complete',
    'env.wasm_on_message_begin',
    'env.wasm_on_message_complete',
    'env.wasm_on_status',
    'env.wasm_on_url',
  ]);
});
