import { existsSync } from 'node:fs';
import { OrestesError, UserError } from '@orestes/contracts';
import koffi, { type KoffiFunc } from 'koffi';
import { quietNativeLogs } from '../config.js';
import { type Address, Args, readText, readWord } from './args.js';
import { faultOfLibrary } from './shared-library.js';

/**
 * Positions in PJRT_Api, which is a 40-byte header and then function pointers. The order is append-only across versions
 * (pjrt_c_api.h), so a position stays valid; the struct's size says which ones a plugin has.
 */
const POSITIONS = {
  Error_Destroy: 0,
  Error_Message: 1,
  Error_GetCode: 2,
  Plugin_Initialize: 3,
  Event_Destroy: 5,
  Event_Await: 8,
  Client_Create: 10,
  Client_Destroy: 11,
  Client_PlatformName: 12,
  Client_PlatformVersion: 14,
  Client_AddressableDevices: 16,
  Client_Compile: 20,
  Client_BufferFromHostBuffer: 22,
  DeviceDescription_ToString: 28,
  Device_GetDescription: 29,
  Device_MemoryStats: 34,
  Executable_Destroy: 40,
  Executable_Serialize: 49,
  LoadedExecutable_Destroy: 50,
  LoadedExecutable_GetExecutable: 51,
  LoadedExecutable_Execute: 55,
  Executable_DeserializeAndLoad: 56,
  Buffer_Destroy: 58,
  Buffer_IsDeleted: 68,
  Buffer_ToHostBuffer: 70,
  Executable_GetCompiledMemoryStats: 96,
} as const;

/** Takes an argument struct, gives an error or null. */
type PjrtCall = (args: Buffer) => unknown;

export type PjrtFunction = keyof typeof POSITIONS;

const HEADER_BYTES = 40;
const SUPPORTED_MAJOR = 0;
/** PJRT_Error_Code. */
const RESOURCE_EXHAUSTED = 8;
const UNIMPLEMENTED = 12;
const RTLD_NOW = 2;
const RTLD_NODELETE = 0x1000;
const M_TOP_PAD = -2;
/** glibc grows the heap of a thread by a page at a time, a system call each: loading a program allocates 100 MiB that way. */
const HEAP_STEP_BYTES = 64 << 20;
/** koffi runs asynchronous calls on stacks of its own, 128 KiB unless told: XLA's compiler recurses deeper than that. */
const ASYNC_STACK_BYTES = 8 << 20;

/** The plugin lacks a function. */
export class PjrtUnimplemented extends OrestesError {}

/** The function table of one plugin. Loading a plugin twice in a process gives the same table. */
export class PjrtApi {
  private static readonly loaded = new Map<string, PjrtApi>();

  static load(path: string): PjrtApi {
    const known = PjrtApi.loaded.get(path);
    if (known) return known;
    const api = new PjrtApi(path);
    PjrtApi.loaded.set(path, api);
    return api;
  }

  readonly version: string;
  private readonly functions: Record<PjrtFunction, KoffiFunc<PjrtCall>>;

  private constructor(readonly path: string) {
    const table = openPlugin(path);
    const major = koffi.decode(table, 32, 'int') as number;
    const minor = koffi.decode(table, 36, 'int') as number;
    this.version = `${major}.${minor}`;
    const size = Number(readWord(table));
    const last = Math.max(...Object.values(POSITIONS));
    if (major !== SUPPORTED_MAJOR || size < HEADER_BYTES + 8 * (last + 1))
      throw new OrestesError(
        'ENGINE_PLUGIN_VERSION',
        `${path}: PJRT C API ${this.version} is not supported (needed: major version ${SUPPORTED_MAJOR} with at least ${last + 1} functions; this one has ${(size - HEADER_BYTES) / 8})`,
      );
    const prototype = koffi.proto('void *', ['void *']);
    const bind = (position: number) =>
      koffi.decode(
        koffi.decode(table, HEADER_BYTES + 8 * position, koffi.pointer(prototype)),
        prototype,
      ) as KoffiFunc<PjrtCall>;
    this.functions = Object.fromEntries(
      Object.entries(POSITIONS).map(([name, position]) => [name, bind(position)]),
    ) as Record<PjrtFunction, KoffiFunc<PjrtCall>>;
    this.call('Plugin_Initialize', new Args(2));
  }

  /** Calls a function on this thread. @throws OrestesError with the plugin's own message */
  call(name: PjrtFunction, args: Args): Args {
    this.check(name, this.functions[name](args.bytes));
    return args;
  }

  /** Calls a function on a worker thread; the event loop stays live. */
  callAsync(name: PjrtFunction, args: Args): Promise<Args> {
    return new Promise((resolve, reject) => {
      this.functions[name].async(args.bytes, (failure: unknown, error: unknown) => {
        try {
          if (failure) throw toError(failure);
          this.check(name, error);
          resolve(args);
        } catch (e) {
          reject(toError(e));
        }
      });
    });
  }

  /** Waits for an event and destroys it. */
  async wait(event: Address): Promise<void> {
    try {
      await this.callAsync('Event_Await', new Args(3).set(2, event));
    } finally {
      this.call('Event_Destroy', new Args(3).set(2, event));
    }
  }

  private check(name: PjrtFunction, error: unknown): void {
    if (!error) return;
    const message = this.functions.Error_Message;
    const text = new Args(5).set(2, BigInt(koffi.address(error)));
    message(text.bytes);
    const code = new Args(4).set(2, BigInt(koffi.address(error)));
    this.functions.Error_GetCode(code.bytes);
    const what = readText(text.get(3), Number(text.get(4)));
    this.functions.Error_Destroy(new Args(3).set(2, BigInt(koffi.address(error))).bytes);
    const number = Number(code.get(3)) & 0xffffffff;
    if (number === RESOURCE_EXHAUSTED)
      throw new OrestesError('ENGINE_OUT_OF_MEMORY', `the device is out of memory: ${what}`);
    if (number === UNIMPLEMENTED) throw new PjrtUnimplemented('ENGINE_PLUGIN', `PJRT ${name}: ${what}`);
    throw new OrestesError('ENGINE_PLUGIN', `PJRT ${name}: ${what}`);
  }
}

const toError = (e: unknown): Error => (e instanceof Error ? e : new Error(String(e)));

/** Takes effect before the process loads its first library through koffi. */
function reserveStack(): void {
  if ((koffi.config().async_stack_size ?? 0) < ASYNC_STACK_BYTES) koffi.config({ async_stack_size: ASYNC_STACK_BYTES });
}

function openPlugin(path: string): Address {
  if (!existsSync(path))
    throw new UserError('ENGINE_PLUGIN_MISSING', `${path}: no such file (a PJRT plugin is needed; run: npm run setup)`);
  const fault = faultOfLibrary(path);
  if (fault) throw new UserError('ENGINE_PLUGIN_INVALID', `${path}: not a PJRT plugin: ${fault}`);
  quietNativeLogs();
  try {
    reserveStack();
    const libc = koffi.load('libc.so.6');
    libc.func('int mallopt(int parameter, int value)')(M_TOP_PAD, HEAP_STEP_BYTES);
    // koffi closes libraries at exit, and XLA's destructors then crash: keep the library open for ever.
    libc.func('void *dlopen(const char *path, int flags)')(path, RTLD_NOW | RTLD_NODELETE);
    return BigInt(koffi.address(koffi.load(path).func('void *GetPjrtApi()')()));
  } catch (e) {
    throw new UserError('ENGINE_PLUGIN_INVALID', `${path}: not a PJRT plugin: ${toError(e).message}`, { cause: e });
  }
}
