/** A file mode in the form that modules get, or why it cannot be one. */
export type FileMode = { readonly mode: string } | { readonly problem: string; readonly hint: string };

const symbolic = /^(?:[ugoa]*[-+=](?:[rwxXst]*|[ugo]))+(?:,[ugoa]*[-+=](?:[rwxXst]*|[ugo]))*$/;

/**
 * A mode as written in a playbook. YAML reads the bare octal `0644` as the number 420, which is what it means; `644` is
 * read as decimal and would be `-w----r-T`, which nobody means. `written` is the number as it stands in the source, where known.
 */
export function readFileMode(value: string | number, written?: string): FileMode {
  if (typeof value === 'string') return readText(value.trim());
  if (!Number.isInteger(value) || value < 0 || value > 0o7777) {
    return { problem: `${value} is not a file mode`, hint: `write it as octal text, like '0644'` };
  }
  const digits = String(value);
  const writtenDecimal =
    written === undefined ? value > 0o777 && value < 0o1410 : !written.startsWith('0') && value > 7;
  if (writtenDecimal && /^[0-7]{3,4}$/.test(digits)) {
    const meant = digits.padStart(4, '0');
    return {
      problem: `${digits} without quotes is a decimal number, which would be the mode ${value.toString(8)}`,
      hint: `quote it: '${meant}'`,
    };
  }
  return { mode: value.toString(8).padStart(4, '0') };
}

function readText(text: string): FileMode {
  const octal = /^(?:0o)?([0-7]{1,5})$/.exec(text)?.[1];
  if (octal !== undefined && Number.parseInt(octal, 8) <= 0o7777) {
    return { mode: Number.parseInt(octal, 8).toString(8).padStart(4, '0') };
  }
  if (symbolic.test(text) || text === 'preserve') return { mode: text };
  return {
    problem: `"${text}" is not a file mode`,
    hint: `write octal text like '0644', or symbols like 'u=rw,g=r,o='`,
  };
}
