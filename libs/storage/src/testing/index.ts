export { describeObjectStore } from './conformance.js';
export { type Fault, type FaultProxy, type ProxiedRequest, startFaultProxy } from './fault-proxy.js';
export { describeSkipped } from './skip.js';
export { installVersitygw, type S3Server, startVersitygw } from './versitygw.js';
