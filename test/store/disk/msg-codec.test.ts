import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import fc from 'fast-check';
import { decodeValue, encodeValue } from '../../../nodes/store/disk/msg-codec';

const again = (value: unknown) => decodeValue(encodeValue(value)) as Record<string, any>; // eslint-disable-line @typescript-eslint/no-explicit-any

describe('msgs as bytes', () => {
  it('keeps data of every kind that a msg can hold', () => {
    const msg = {
      _msgid: 'a',
      payload: Buffer.from([0, 255]),
      when: new Date(5),
      big: 12n,
      nothing: undefined,
      no: null,
      list: Object.assign(new Array(3), { 0: 1, 2: 'x' }),
      map: new Map([['k', new Set([1])]]),
      floats: new Float64Array([1.5]),
      pattern: /x/gi,
      nan: NaN,
    };
    const kept = again(msg);
    assert.deepEqual(kept, msg);
    assert.ok(Buffer.isBuffer(kept.payload));
    assert.ok(kept.when instanceof Date);
  });

  it('keeps any JSON data as it is', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.deepEqual(again(value), value)));
  });

  it('keeps circles', () => {
    const msg: Record<string, unknown> = { payload: 1, leaveOut: () => 1 };
    msg.self = msg;
    const kept = again(msg);
    assert.equal(kept.self, kept);
  });

  it('leaves out functions, symbols, sockets, promises and the like, and keeps what is beside them', () => {
    const socket = new Socket();
    const msg = {
      call: () => 1,
      sign: Symbol('x'),
      socket,
      emitter: new EventEmitter(),
      promise: Promise.resolve(),
      weak: new WeakMap(),
      shared: new SharedArrayBuffer(1),
      overShared: new Uint8Array(new SharedArrayBuffer(1)),
      payload: {
        deep: [1, () => 1, Buffer.from('x')],
        map: new Map<unknown, unknown>([
          ['a', () => 1],
          ['b', 1],
        ]),
      },
    };
    assert.deepEqual(again(msg), {
      payload: {
        deep: Object.assign(new Array(3), { 0: 1, 2: Buffer.from('x') }),
        map: new Map<unknown, unknown>([
          ['a', undefined],
          ['b', 1],
        ]),
      },
    });
    socket.destroy();
  });

  it('leaves out the HTTP request and response of a msg, and only those', () => {
    const req = new IncomingMessage(new Socket());
    const msg = {
      _msgid: 'a',
      req,
      res: { _res: new ServerResponse(req), send: () => 1 },
      payload: { req: 1, res: 2 },
    };
    assert.deepEqual(again(msg), { _msgid: 'a', payload: { req: 1, res: 2 } });
    assert.deepEqual(again([{ msg }]), [{ msg: { _msgid: 'a', payload: { req: 1, res: 2 } } }]);
  });

  it('keeps the message, name and stack of an error beside things that can not be kept', () => {
    const error = Object.assign(new TypeError('bad'), { call: () => 1 });
    const kept = again({ error, call: () => 1 }).error;
    assert.ok(kept instanceof Error);
    assert.equal(kept.message, 'bad');
    assert.equal(kept.stack, error.stack);
  });

  it('survives getters and proxies that throw, detached buffers, and data nested without end', () => {
    const buffer = new ArrayBuffer(8);
    const view = new Uint8Array(buffer);
    structuredClone(buffer, { transfer: [buffer] });
    let nested: unknown = 'end';
    for (let i = 0; i < 100_000; i++) nested = [nested];
    const trap = () => {
      throw new Error('trapped');
    };
    const revoked = Proxy.revocable({}, {});
    revoked.revoke();
    const msg = {
      get bad() {
        throw new Error('getter');
      },
      proxy: new Proxy({}, { get: trap, ownKeys: trap, has: trap, getPrototypeOf: trap }),
      revoked: revoked.proxy,
      buffer,
      view,
      nested,
      payload: 'kept',
    };
    const kept = again(msg);
    assert.equal(kept.payload, 'kept');
    assert.ok(!('bad' in kept) && !('view' in kept));
  });

  it('does not let a key __proto__ change what the msg is', () => {
    const msg = JSON.parse('{"__proto__": {"admin": true}, "a": 1}');
    const kept = again({ msg, call: () => 1 }).msg;
    assert.equal(kept.admin, undefined);
    assert.deepEqual(Object.keys(kept), ['__proto__', 'a']);
  });

  it('does not change the msg', () => {
    const call = () => 1;
    const msg = { call, payload: { call } };
    encodeValue(msg);
    assert.deepEqual(msg, { call, payload: { call } });
  });
});
