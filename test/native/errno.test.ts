import t from 'tap';
import { EAGAIN, EBADFD, EINVAL, errnoName, errnoNumber } from '../../lib/native/errno.js';

t.test('numbers have names, negated or not', async (t) => {
  t.equal(errnoName(-13), 'EACCES');
  t.equal(errnoName(13), 'EACCES');
  t.equal(errnoName(-11), 'EAGAIN', 'not EWOULDBLOCK');
  t.equal(errnoName(95), 'EOPNOTSUPP', 'not ENOTSUP');
  t.equal(errnoName(-77), 'EBADFD', 'what a TAP says when its device is gone');
  t.equal(errnoName(4095), 'E4095');
});

t.test('names have numbers', async (t) => {
  t.equal(errnoNumber('EPERM'), 1);
  t.equal(errnoNumber('EHOSTDOWN'), 112);
  t.equal(errnoNumber('EWOULDBLOCK'), 11);
  t.equal(errnoNumber('ENOSUCH'), 0);
  t.same([EAGAIN, EINVAL, EBADFD], [-11, -22, -77]);
});
