import type { SeenNode } from '../node/observe.ts';
import { busPortOf } from './reach.ts';
import { HASTEN, type Pace, paceCommands } from './settings.ts';
import { addSlotsCommands, meetCommand, type Step } from './steps.ts';

/** What a step that is only commands sends to its node; `paces` are what nodes go back to. */
export function commandsOf(
  step: Step,
  view: (name: string) => SeenNode,
  paces: ReadonlyMap<string, Pace>,
): readonly (readonly string[])[] {
  switch (step.do) {
    case 'flush':
      return [['FLUSHALL']];
    case 'reset':
      return [['CLUSTER', 'RESET', 'HARD']];
    case 'hasten':
      return HASTEN;
    case 'set-epoch':
      return [['CLUSTER', 'SET-CONFIG-EPOCH', String(step.epoch)]];
    case 'meet': {
      const peer = view(step.peer);
      return [meetCommand(peer.node, busPortOf(peer))];
    }
    case 'add-slots':
      return addSlotsCommands(step);
    case 'replicate':
    case 'leave-dead':
    case 'follow':
      return [['CLUSTER', 'REPLICATE', view(step.master).self.id]];
    case 'forget':
    case 'forget-dead':
    case 'forget-master':
      return [['CLUSTER', 'FORGET', step.id]];
    case 'set-timeout': {
      const pace = paces.get(step.node);
      return pace ? paceCommands({ ...pace, nodeTimeoutMs: step.ms ?? pace.nodeTimeoutMs }) : [];
    }
    default:
      return [];
  }
}
