import { OrestesError, UserError } from '@orestes/contracts';
import { openStore, type ObjectStore } from '@orestes/storage';

/**
 * The bytes of a task's file.
 * @param location path, file:// or s3:// address of one file
 * @throws UserError TASK_FILE_MISSING, and what the store throws
 */
export async function readTaskFile(location: string): Promise<Uint8Array> {
  const { store, key } = locate(location);
  try {
    return await store.get(key);
  } catch (error) {
    if (error instanceof OrestesError && error.code === 'OBJECT_MISSING')
      throw new UserError('TASK_FILE_MISSING', `${location}: there is no such file`, { cause: error });
    throw error;
  }
}

/** The store of the file's folder, and the file's name in it. A query (?endpoint=...) belongs to the store. */
function locate(location: string): { store: ObjectStore; key: string } {
  const [path, query = ''] = location.startsWith('s3://') ? location.split(/(?=\?)/, 2) : [location];
  const end = path!.lastIndexOf('/') + 1;
  const key = path!.slice(end);
  if (key === '') throw new UserError('TASK_FILE_MISSING', `${location}: a folder is given where a file is needed`);
  const folder = end === 0 ? '.' : path!.slice(0, end);
  return { store: openStore(folder + query), key: location.startsWith('file://') ? decodeURIComponent(key) : key };
}
