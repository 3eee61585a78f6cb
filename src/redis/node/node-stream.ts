import { isIP } from 'node:net';
import type { Duplex } from 'node:stream';
import { loadBuiltin } from '../../package/builtin.ts';
import type { NodeAccess } from './contract.ts';
import type { Deadline } from './deadline.ts';
import { placeOnHost } from './node-place.ts';

/** A stream that a node's protocol can be spoken on: opened, watched for its end, and secured where the node wants TLS. */
export async function openNodeStream(
  open: () => Promise<Duplex>,
  access: NodeAccess,
  limit: Deadline,
): Promise<Duplex> {
  const opening = open();
  opening.then(
    (late) => {
      if (limit.passed) late.destroy();
    },
    () => undefined,
  );
  const stream = await limit.race(opening, 'waiting for the connection');
  stream.on('error', () => undefined);
  closeAtEnd(stream);
  // A server speaks no TLS on its unix socket.
  if (!access.tls || 'path' in placeOnHost(access)) return stream;
  try {
    return await limit.race(secured(stream, access), 'waiting for the TLS handshake');
  } catch (error) {
    stream.destroy();
    throw error;
  }
}

/** An SSH channel stays half open when the other side ends it, and its close would never come. */
function closeAtEnd(stream: Duplex): void {
  stream.once('end', () => stream.destroy());
}

async function secured(stream: Duplex, access: NodeAccess): Promise<Duplex> {
  const { connect } = loadBuiltin('node:tls') as typeof import('node:tls');
  const { ca, cert, key, servername } = access.tls ?? {};
  const name = servername ?? access.address;
  return await new Promise((resolve, reject) => {
    const socket = connect({
      socket: stream,
      host: name,
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      // A server is not told an address as its name (RFC 6066).
      ...(isIP(name) > 0 ? {} : { servername: name }),
    });
    socket.once('secureConnect', () => resolve(socket));
    socket.on('error', reject);
    socket.once('close', () => reject(new Error('the connection was closed during the TLS handshake')));
  });
}
