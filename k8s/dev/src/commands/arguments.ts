import path from 'node:path';
import { parseArgs } from 'node:util';
import { ClusterError, messageOf } from '../errors.js';
import { MOST_NODES as MOST_REAL_NODES } from '../nodes/network.js';

export const COMMANDS = ['up', 'down', 'status'] as const;
export type CommandName = (typeof COMMANDS)[number];

export interface Arguments {
  command: CommandName;
  /** The cluster's folder, absolute. */
  data: string;
  /** Simulated ones, with `gpus` each. */
  nodes: number;
  gpus: number;
  realNodes: number;
  keep: boolean;
}

export const USAGE = `npm run cluster -- up [--nodes 2] [--gpus 8] [--real-nodes 0] [--data orestes-cluster]
                             start Kubernetes with simulated GPU nodes, or, as root, with real ones without GPUs
                             (--nodes is 0 then, unless it is given)
npm run cluster -- status [--data orestes-cluster]           its processes, nodes and addresses
npm run cluster -- down [--keep] [--data orestes-cluster]    end it, and remove its data unless --keep
`;

type Values = Record<string, string | boolean | undefined>;
type Options = Record<string, { type: 'string' | 'boolean' }>;

const OPTIONS: Record<CommandName, Options> = {
  up: {
    data: { type: 'string' },
    nodes: { type: 'string' },
    gpus: { type: 'string' },
    'real-nodes': { type: 'string' },
  },
  down: { data: { type: 'string' }, keep: { type: 'boolean' } },
  status: { data: { type: 'string' } },
};

const MOST_NODES = 5000; // what Kubernetes is made for
const MOST_GPUS = 1024;

/** @throws ClusterError USAGE, saying what is allowed */
export function readArguments(argv: readonly string[]): Arguments {
  const [command, ...rest] = argv;
  if (!isCommand(command))
    throw usage(
      `${command === undefined ? 'no command' : `unknown command ${command}`} (allowed: ${COMMANDS.join(', ')})`,
    );
  const values = parse(command, rest);
  const realNodes = whole('--real-nodes', values['real-nodes'] ?? '0', 0, MOST_REAL_NODES);
  return {
    command,
    data: path.resolve(text(values['data']) || 'orestes-cluster'),
    // Pods that are to run would be put on simulated nodes, too.
    nodes: whole('--nodes', values['nodes'] ?? (realNodes > 0 ? '0' : '2'), 0, MOST_NODES),
    gpus: whole('--gpus', values['gpus'] ?? '8', 0, MOST_GPUS),
    realNodes,
    keep: values['keep'] === true,
  };
}

function parse(command: CommandName, args: string[]): Values {
  const options = OPTIONS[command];
  try {
    return parseArgs({ args, options }).values;
  } catch (error) {
    const allowed = Object.keys(options).map((name) => `--${name}`);
    const [sentence] = messageOf(error).split('. ');
    throw usage(`${command}: ${sentence} (allowed: ${allowed.join(', ')})`);
  }
}

function whole(name: string, value: string | boolean, least: number, most: number): number {
  const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : NaN;
  if (number >= least && number <= most) return number;
  throw usage(`${name}: ${value} is not a whole number from ${least} to ${most}`);
}

const text = (value: string | boolean | undefined) => (typeof value === 'string' ? value : '');
const isCommand = (name: string | undefined): name is CommandName => COMMANDS.some((command) => command === name);
const usage = (message: string) => new ClusterError('USAGE', `cluster: ${message}`);
