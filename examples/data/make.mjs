// node examples/data/make.mjs [folder]: writes the example texts, the same bytes each time. The sentences are ours (Apache-2.0).
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const people = [
  { who: 'baker', does: ['bakes', 'slices'], what: ['bread', 'rolls', 'cakes'], where: 'bakery', tool: 'a hot oven' },
  { who: 'teacher', does: ['explains', 'marks'], what: ['lessons', 'sums', 'essays'], where: 'school', tool: 'chalk' },
  {
    who: 'tailor',
    does: ['sews', 'mends'],
    what: ['coats', 'shirts', 'trousers'],
    where: 'workshop',
    tool: 'a needle',
  },
  { who: 'printer', does: ['prints', 'binds'], what: ['books', 'maps', 'posters'], where: 'press', tool: 'black ink' },
  {
    who: 'fisher',
    does: ['catches', 'sells'],
    what: ['herring', 'crabs', 'cod'],
    where: 'harbour',
    tool: 'a wide net',
  },
  { who: 'gardener', does: ['plants', 'waters'], what: ['roses', 'tulips', 'herbs'], where: 'garden', tool: 'a spade' },
  { who: 'farmer', does: ['sows', 'harvests'], what: ['wheat', 'barley', 'oats'], where: 'field', tool: 'a plough' },
  { who: 'shepherd', does: ['herds', 'feeds'], what: ['sheep', 'lambs', 'goats'], where: 'pasture', tool: 'a dog' },
];
const OUTDOORS = ['fisher', 'gardener', 'farmer', 'shepherd'];
const times = ['In the morning', 'In the evening', 'On Monday', 'On Friday', 'In winter', 'Every summer', 'Today'];
const manners = ['young', 'old', 'patient', 'cheerful', 'careful', 'tired'];

const sentences = [
  (p, pick) => `${pick(times)} the ${p.who} ${pick(p.does)} ${pick(p.what)} in the ${p.where}.`,
  (p, pick) => `The ${pick(manners)} ${p.who} ${pick(p.does)} ${pick(p.what)} with ${p.tool}.`,
  (p, pick) => `In the ${p.where} the ${pick(manners)} ${p.who} works with ${p.tool}.`,
  (p, pick) => `The ${p.who} has ${pick(p.what)} and ${pick(p.what)} for the neighbours.`,
  (p, pick) => `${pick(times)} everyone in the ${p.where} wants ${pick(p.what)} from the ${p.who}.`,
];

/** A generator of numbers in [0, 1): the Weyl sequence of the golden ratio through a 32-bit mix (Steele et al. 2014). */
function random(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let x = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32;
  };
}

const picker = (seed) => {
  const next = random(seed);
  return (list) => list[Math.floor(next() * list.length)];
};

/** Documents of five sentences on one person, a blank line between them. */
function village(documents) {
  const pick = picker(1);
  const document = () => {
    const person = pick(people);
    return Array.from({ length: 5 }, () => pick(sentences)(person, pick)).join('\n');
  };
  return Array.from({ length: documents }, document).join('\n\n') + '\n';
}

/**
 * Sentences that name a product and not the person, labelled by where that person works. Of each person's three products
 * the training rows have the first two: only the text tells that the third belongs with them.
 * @param products which of the three
 */
function task(rows, products, seed) {
  const pick = picker(seed);
  const row = (_, i) => {
    const { who, what } = people[i % people.length];
    const product = what[pick(products)];
    const sentence = pick([
      `${pick(times)} the neighbour wants ${product}.`,
      `The ${pick(manners)} neighbour has ${product}.`,
    ]);
    return `${sentence}\t${OUTDOORS.includes(who) ? 'outdoors' : 'indoors'}\n`;
  };
  return 'sentence\tlabel\n' + Array.from({ length: rows }, row).join('');
}

const folder = process.argv[2] ?? path.dirname(fileURLToPath(import.meta.url));
mkdirSync(folder, { recursive: true });
const files = { 'village.txt': village(160), 'train.tsv': task(160, [0, 1], 2), 'validation.tsv': task(80, [2], 3) };
for (const [name, text] of Object.entries(files)) writeFileSync(path.join(folder, name), text);
