/** A backend that authenticates the connection by three messages, as IIS does (NTLM over HTTP; RFC 4559). */
import { response } from '@reverseit/test-servers';
import type { RawRequest } from '@reverseit/test-servers/request-reader';
import type {
  OriginConnection,
  ScriptedOriginOptions,
} from '@reverseit/test-servers/scripted-origin';

const offer = ['WWW-Authenticate: Negotiate', 'WWW-Authenticate: NTLM'];

async function serve(connection: OriginConnection): Promise<void> {
  let user: string | null = null;
  while (await connection.reader.hasMore()) {
    const request = await connection.expectRequest();
    const message = credentials(request);
    if (message?.startsWith('NTLM three-') === true) user = message.slice('NTLM three-'.length);
    const challenges = message === 'NTLM one' ? ['WWW-Authenticate: NTLM two'] : offer;
    await connection.send(
      user === null
        ? response(401, 'no', challenges)
        : response(200, `page of ${user}, ${request.body.toString()}`),
    );
  }
}

function credentials({ fields }: RawRequest): string | undefined {
  return fields.find(([name]) => name.toLowerCase() === 'authorization')?.[1];
}

export const ntlmOrigin: ScriptedOriginOptions = { script: serve };
