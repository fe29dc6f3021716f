/** Which fields the configuration may not set. */
import { fieldsWhere } from '@reverseit/core/http';

/** Fields that frame a message or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6). */
export const connectionFields = fieldsWhere(({ settableByUser }) => !settableByUser);
