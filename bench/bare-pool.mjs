/** What a program gets that uses nodemailer by itself: its pool of two connections, and a callback for each mail. */
import { performance } from 'node:perf_hooks';
import nodemailer from 'nodemailer';
import channel from './channel.cjs';
import load from './load.cjs';

const { port, more, html } = JSON.parse(process.argv[2]);

channel.serve({
  async run({ count, bytes }) {
    const options = { host: '127.0.0.1', port, pool: true, maxConnections: 2, ...more };
    const pool = nodemailer.createTransport(options);
    const cpu = process.cpuUsage();
    const start = performance.now();
    let failed = 0;
    await new Promise((resolve) => {
      let open = count;
      for (let number = 1; number <= count; number++) {
        pool.sendMail(load.mailOf(load.msgOf(number, bytes), { html }), (error) => {
          if (error) failed += 1;
          open -= 1;
          if (open === 0) resolve();
        });
      }
    });
    const ms = performance.now() - start;
    const { user, system } = process.cpuUsage(cpu);
    pool.close();
    return { sent: count - failed, failed, ms, cpuMs: (user + system) / 1000 };
  },
});
