/**
 * A request head that another parser has read, such as that of `node:http`, held against all that one of
 * our own must satisfy: that parser may be less strict, or may have been told to be.
 */
import type { ErrorCode } from '../../errors/catalog.ts';
import { createError, type ReverseItError } from '../../errors/reverseit-error.ts';
import { isFieldValue, isToken } from '../../http/ascii.ts';
import type { RequestHeadLimits } from './head-limits.ts';
import type { RequestHead } from './request-head.ts';
import { refusal } from './request-head-builder.ts';
import { applyRequestRules } from './request-rules.ts';

/** Validates a head and completes it. Returns why it is rejected, or null. */
export function validateRequestHead(
  head: RequestHead,
  limits: RequestHeadLimits,
): ReverseItError | null {
  const code = checkLimits(head, limits) ?? checkSyntax(head) ?? applyRequestRules(head);
  return code === null ? null : createError(code, refusal(code, limits));
}

/** The limits of `checkHeadLimits`, without what blank bytes on the wire weighed. */
function checkLimits(head: RequestHead, limits: RequestHeadLimits): ErrorCode | null {
  const { target, fields } = head;
  if (target.length > limits.maxRequestTargetBytes) return 'RIT_ERR_TARGET_TOO_LONG';
  if (fields.length / 2 > limits.maxRequestHeaders) return 'RIT_ERR_TOO_MANY_FIELDS';
  let sum = 0;
  for (let i = 0; i < fields.length; i += 2) {
    const size = (fields[i] as string).length + 2 + (fields[i + 1] as string).length;
    sum += size;
    if (size > limits.maxRequestHeaderLineBytes || sum > limits.maxRequestHeaderBytes) {
      return 'RIT_ERR_HEAD_TOO_LARGE';
    }
  }
  return null;
}

function checkSyntax({ method, target, fields }: RequestHead): ErrorCode | null {
  if (!isToken(method)) return 'RIT_ERR_REQUEST_LINE';
  // Visible ASCII, as in our own parser.
  if (!/^[\x21-\x7e]+$/.test(target)) return 'RIT_ERR_TARGET';
  for (let i = 0; i < fields.length; i += 2) {
    if (!isToken(fields[i] as string) || !isFieldValue(fields[i + 1] as string)) {
      return 'RIT_ERR_FIELD_SYNTAX';
    }
  }
  return null;
}
