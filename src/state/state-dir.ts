import { READ_EUID } from '../sh/builtin-reads.ts';

/**
 * Sets `D` to where a host keeps what runs leave there: locks, owed handlers, node records. Root's is shared by all operators
 * of the host; without root it is the user's own.
 */
export const SET_STATE_DIR = `${READ_EUID}; if [ "$euid" = 0 ]; then D=/var/lib/rcdeploy; else D=\${HOME:-/nonexistent}/.local/state/rcdeploy; fi`;

/** Makes the directory, for its owner alone, with every parent that is missing. */
export const MAKE_STATE_DIR = `umask 077; mkdir -p "$D" && chmod 700 "$D"`;
