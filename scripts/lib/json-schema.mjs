// The schema of a configuration in JSON (draft 7, which editors know), made of the option tables. Whether
// a value is accepted is decided by the tables; the schema names keys, types, bounds and defaults.

/**
 * @typedef {import('@reverseit/core/options').OptionTable} OptionTable
 * @typedef {OptionTable[string]} Option
 * @typedef {import('@reverseit/core/options').JsonSchema} JsonSchema
 */

/**
 * @param {{ readonly proxy: OptionTable, readonly route: OptionTable, readonly listener: OptionTable }} tables
 * @returns {JsonSchema}
 */
export function configurationSchema({ proxy, route, listener }) {
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Configuration of ReverseIt',
    description: 'Generated from the option tables. Sizes are in bytes, times in milliseconds.',
    ...objectSchema(proxy, false),
    definitions: {
      variable: {
        // biome-ignore lint/suspicious/noTemplateCurlyInString: it is shown to users
        description: 'Text with environment variables, written ${NAME}.',
        type: 'string',
        pattern: '\\$\\{[A-Za-z_][A-Za-z0-9_]*\\}',
      },
      route: objectSchema(route, false),
      listener: {
        ...objectSchema(listener, false),
        oneOf: ['port', 'path'].map((name) => ({
          properties: { [name]: true },
          required: [name],
        })),
      },
    },
  };
}

/** @param {OptionTable} rows @param {boolean} open @returns {JsonSchema} */
function objectSchema(rows, open) {
  const properties = Object.fromEntries(
    Object.entries(rows).flatMap(([key, option]) => {
      const schema = valueSchema(option);
      return schema === null
        ? []
        : [[key, { description: descriptionOf(option), ...orVariable(schema) }]];
    }),
  );
  return { type: 'object', properties, additionalProperties: open };
}

/** @param {Option} option @returns {JsonSchema | null} */
function valueSchema({ json, nested, default: initial, defaultText }) {
  const isOptional = initial === null && defaultText !== 'required';
  if (nested !== null) {
    const object = objectSchema(nested.rows, nested.open);
    const forms = json === null ? [object] : [json, object];
    return isOptional ? { anyOf: [...forms, { type: 'null' }] } : object;
  }
  if (json === null) return null;
  if (isOptional && !('$ref' in json)) return { anyOf: [json, { type: 'null' }] };
  return initial === null || typeof initial === 'object'
    ? json
    : { ...json, default: initial === Number.POSITIVE_INFINITY ? 'infinity' : initial };
}

/**
 * In place of a value that is not any text: a text whose environment variables make one.
 * @param {JsonSchema} schema
 * @returns {JsonSchema}
 */
function orVariable({ default: initial, ...schema }) {
  /** @type {readonly JsonSchema[]} */
  const forms = Array.isArray(schema.anyOf) ? schema.anyOf : [schema];
  const isCovered = forms.some(({ type, pattern }) => type === 'string' && pattern === undefined);
  const isObject = forms.every(({ type }) => type === 'object' || type === 'null');
  const whole = isCovered || isObject ? schema : { anyOf: [...forms, variable] };
  return initial === undefined ? whole : { ...whole, default: initial };
}

const variable = { $ref: '#/definitions/variable' };

/** @type {Readonly<Record<string, string>>} */
const units = { bytes: ' In bytes.', milliseconds: ' In ms.' };

/** How a note on what an option answers begins. @param {string} kind */
export const answerLabel = (kind) =>
  ['bytes', 'count', 'milliseconds'].includes(kind) ? 'If exceeded' : 'Error';

/** @param {Option} option */
const descriptionOf = ({ kind, prose, answers }) =>
  `${prose}${units[kind] ?? ''}${answers === '' ? '' : ` ${answerLabel(kind)}: ${answers}.`}`;
