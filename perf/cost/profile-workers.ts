/**
 * Loaded into a daemon before it starts (`node --import`): its worker threads, which are given no options of node, are
 * profiled, each into a file of $VTEP_PROFILE_DIRECTORY.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads, { Worker, type WorkerOptions } from 'node:worker_threads';

const directory = process.env['VTEP_PROFILE_DIRECTORY'];
if (!directory) throw new Error('VTEP_PROFILE_DIRECTORY is not set');

class ProfiledWorker extends Worker {
  constructor(file: string | URL, options: WorkerOptions = {}) {
    super(file, { ...options, execArgv: ['--cpu-prof', `--cpu-prof-dir=${directory}`] });
  }
}

Reflect.set(threads, 'Worker', ProfiledWorker);
syncBuiltinESMExports();
