import { spawnSync } from 'node:child_process';

/** Who runs the server: PostgreSQL refuses to be root. */
export interface Account {
  uid: number;
  gid: number;
}

const NOBODY: Account = { uid: 65534, gid: 65534 };

/** null: the user that runs this process. For root: the account `postgres` if there is one, else nobody. */
export function serverAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(spawnSync('id', [flag, 'postgres'], { encoding: 'utf8' }).stdout),
  );
  return uid && gid ? { uid, gid } : NOBODY;
}

/** Whether that account may use the file or enter the folder. */
export function canUse(account: Account | null, path: string): boolean {
  return spawnSync('test', ['-x', path], { ...account, cwd: '/', stdio: 'ignore' }).status === 0;
}
