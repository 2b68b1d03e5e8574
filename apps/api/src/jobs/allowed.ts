import { jobOfAddress, mapAddresses } from '@orestes/contracts';
import { joinAddress, parseAddress, type StoreAddress } from '@orestes/storage';
import type { Owner } from '../auth/keys.service.js';
import type { ServiceConfig } from '../config.js';
import { ProblemError } from '../http/problem.js';

/**
 * Where keys are needed, a spec may name outputs of its own project, and what the service's operator allows: else anybody with
 * a key could read every file that a worker can, another project's outputs among them.
 * @throws ProblemError 422 ADDRESS_FORBIDDEN; UserError ADDRESS_INVALID
 */
export function assertAllowed(spec: unknown, owner: Owner, { keys, allow, outputs }: ServiceConfig): void {
  if (!keys) return;
  const roots = [joinAddress(outputs, owner.name), ...allow].map(parseAddress);
  mapAddresses(spec, (address) => {
    const fits = jobOfAddress(address) !== null || roots.some((root) => liesIn(root, parseAddress(address)));
    if (fits) return address;
    throw new ProblemError(
      422,
      'ADDRESS_FORBIDDEN',
      `${address}: specs of this project may not name it (allowed: job:ID, ${[`${outputs}/${owner.name}`, ...allow].join(', ')})`,
    );
  });
}

function liesIn(root: StoreAddress, address: StoreAddress): boolean {
  if (root.scheme === 'file') return address.scheme === 'file' && isBelow(root.path, address.path);
  if (address.scheme !== 's3') return false;
  const sameStore = root.bucket === address.bucket && root.endpoint === address.endpoint;
  return sameStore && (root.prefix === '' || isBelow(root.prefix, address.prefix));
}

const isBelow = (root: string, path: string): boolean =>
  path === root || path.startsWith(`${root.replace(/\/$/, '')}/`);
