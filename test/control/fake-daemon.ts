/** A daemon without devices, for daemon.test.ts. Its engine misbehaves as $FAKE_ENGINE says. */
import { runDaemon } from '../../lib/control/daemon.js';
import { VtepError } from '../../lib/errors.js';
import { FakeEngine } from '../support/fake-engine.js';

const mood = process.env['FAKE_ENGINE'];

class MoodyEngine extends FakeEngine {
  override async close(): Promise<void> {
    if (mood === 'slow') await new Promise((resolve) => setTimeout(resolve, 300));
    await super.close();
    process.stderr.write('engine closed\n');
    if (mood === 'unclosable') throw new Error('cannot close');
  }
}

function makeEngine(): FakeEngine {
  if (mood === 'absent') throw new VtepError('ERR_VTEP_SHIM', 'no usable native shim', { errno: 'ENOENT' });
  if (mood === 'mad') setTimeout(() => void Promise.reject(new Error('nobody caught this')), 100);
  return new MoodyEngine();
}

try {
  await runDaemon({ engine: makeEngine });
  process.exit(0);
} catch (error) {
  const { code, message, errno } = error as VtepError;
  process.stderr.write(`${JSON.stringify({ code, errno, msg: message })}\n`);
  process.exit(1);
}
