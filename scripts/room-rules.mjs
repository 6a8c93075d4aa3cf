// ESLint's rules for the imports between the rooms of nodes/: rooms.json says which rooms a room may import.
import { readFileSync } from 'node:fs';

/** @type {Record<string, string[]>} */
export const ROOMS = JSON.parse(readFileSync(new URL('rooms.json', import.meta.url), 'utf8'));

/** Rooms that take objects of Node-RED. */
const KNOW_NODE_RED = ['node-red', 'editor-api'];

const NODE_FILES = 'send-email|email-server-connector';

/** The configuration for each room, its tests left out: those may look into any room. */
export function roomRules() {
  return Object.entries(ROOMS).flatMap(([room, allowed]) => {
    // In the editor, folders of its own bear the names of rooms: what counts is how far an import goes up.
    if (room === 'editor') {
      const but = allowed.length > 0 ? `(?!(?:${allowed.join('|')})/)` : '';
      return [
        config(room, ['nodes/editor/*.ts'], `^\\.\\./${but}`),
        config(room, ['nodes/editor/*/*.ts'], `^\\.\\./\\.\\./${but}`),
      ];
    }
    const forbidden = Object.keys(ROOMS).filter((other) => other !== room && !allowed.includes(other));
    return [config(room, [`nodes/${room}/**/*.ts`], `^(?:\\.\\./)+(?:${forbidden.join('|')})/`)];
  });
}

function config(room, files, outside) {
  const patterns = [
    {
      regex: outside,
      message: `${room}/ may import ${ROOMS[room].join(', ') || 'no other room'}, see docs/architecture.md.`,
    },
    {
      regex: `^(?:\\.\\./)+(?:${NODE_FILES})$`,
      message: 'The files of the nodes import the rooms, not the other way round.',
    },
    { regex: '^node-red$|^@node-red/', message: `${room}/ does not know Node-RED.` },
  ];
  const known = KNOW_NODE_RED.includes(room) ? patterns.slice(0, 2) : patterns;
  return { files, rules: { 'no-restricted-imports': ['error', { patterns: known }] } };
}
