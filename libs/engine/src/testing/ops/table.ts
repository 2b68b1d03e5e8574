import type { OpTable } from './case.js';
import { elementwise } from './elementwise.js';
import { indexingTable } from './indexing.js';
import { productTable } from './products.js';
import { reductionTable } from './reductions.js';
import { shapeTable } from './shapes.js';

/** Cases of every kernel that encoders need, by tfjs's name of the kernel. */
export const OPS: OpTable = { ...elementwise, ...reductionTable, ...shapeTable, ...indexingTable, ...productTable };
