import { basename } from 'node:path';
import { contained } from '../sh/contained.ts';
import type { HostModule } from './contract.ts';
import {
  applyFileContent,
  type FileContentState,
  parseFileContent,
  planFileContent,
  readFileContent,
} from './file-content.ts';
import type { TemplateArgs as SchemaArgs } from './generated/template.ts';
import { pathWord } from './host-path.ts';
import { type Content, contentOfSource, contentOfText } from './local-file.ts';
import { ReplyLines } from './reply-lines.ts';

type TemplateArgs = SchemaArgs & { readonly _content?: Content; readonly _text?: string };

const lineEnds: Readonly<Record<string, string>> = { '\\n': '\n', '\\r': '\r', '\\r\\n': '\r\n' };

export const template: HostModule<TemplateArgs, FileContentState> = {
  kind: 'host',
  name: 'template',
  fusable: true,
  async prepare(args, env) {
    const file = env.findFile(args.src, 'templates');
    const source = await contentOfSource(file, true);
    const rendered = env.renderTemplate((await source.content.bytes()).toString('utf8'), file);
    const newline = lineEnds[args.newline_sequence] ?? args.newline_sequence;
    const text = newline === '\n' ? rendered : rendered.replace(/\r\n|\r|\n/g, newline);
    return { ...args, _content: contentOfText(text), ...(source.secret ? {} : { _text: text }) };
  },
  read: (args) => ({
    script: contained(readFileContent(args, basename(args.src), args._content)),
    stats: [pathWord(args.dest)],
  }),
  parse: ({ reply }, args) => parseFileContent(new ReplyLines(reply, `looking at ${args.dest}`), args),
  plan(state, args, env) {
    const plan = planFileContent(state, args, args._content?.sha256, args._text, env);
    return { ...plan, result: { ...plan.result, src: args.src, checksum: args._content?.sha1 } };
  },
  apply: (plan, args, context, state) =>
    applyFileContent(plan, state, args, args._content ?? contentOfText(''), context),
};
