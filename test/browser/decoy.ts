/** A web server on this machine that notes every request, and HTML that tries everything to reach it. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createJournal, type Journal } from '../servers/journal';

export interface Decoy {
  url: string;
  requests: Journal<{ path: string }>;
  /** Connections so far, with a request or without. */
  connections: () => number;
  /** HTML that asks for `/<name>/...` in every way that mails were seen to try, and sets `window.trapped` of the editor. */
  trap: (name: string) => string;
  close: () => Promise<void>;
}

/** Starts the server on 127.0.0.1. */
export async function startDecoy(): Promise<Decoy> {
  const requests = createJournal<{ path: string }>('requests to the decoy', ({ path }) => path);
  let connections = 0;
  const server = createServer((request, response) => {
    requests.add({ path: request.url ?? '' });
    response.writeHead(200, { 'content-type': 'text/html', 'access-control-allow-origin': '*' });
    response.end('<p>decoy</p>');
  });
  server.on('connection', () => (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    requests,
    connections: () => connections,
    trap: (name) => trapHtml(`${url}/${name}`),
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

function trapHtml(at: string): string {
  const act = (kind: string) =>
    `fetch('${at}/${kind}',{mode:'no-cors'});try{top.trapped='${kind}';parent.trapped='${kind}'}catch(e){}`;
  return `
<base href="${at}/base/" target="_self">
<meta http-equiv="refresh" content="1; url=${at}/refresh">
<link rel="stylesheet" href="${at}/stylesheet">
<link rel="preconnect" href="${at}"><link rel="dns-prefetch" href="${at}">
<link rel="prefetch" href="${at}/prefetch"><link rel="preload" as="image" href="${at}/preload">
<link rel="icon" href="${at}/icon">
<style>@import url(${at}/import); body { background: url(${at}/style) } @font-face { font-family: f; src: url(${at}/font) } * { font-family: f }</style>
<script>${act('script')}</script><script src="${at}/script-file"></script>
<img src="${at}/image" srcset="${at}/srcset 2x" onerror="${act('onerror')}">
<img src="relative-image"><div style="background: url('${at}/inline-style')">x</div>
<svg onload="${act('svg-onload')}"><image href="${at}/svg-image"/><use href="${at}/svg-use#x"/>
<a href="${at}/svg-link"><text y="15">svg link</text><set attributeName="target" to="_self"/></a>
<script>${act('svg-script')}</script></svg>
<iframe src="${at}/frame"></iframe><iframe srcdoc="<script>${act('inner').replace(/'/g, '&#39;')}</script>"></iframe>
<object data="${at}/object"></object><embed src="${at}/embed">
<video src="${at}/video" poster="${at}/poster"></video><audio src="${at}/audio" autoplay></audio>
<form action="${at}/form"><input autofocus onfocus="${act('onfocus')};this.form.submit()"><input type="image" src="${at}/input"></form>
<details open ontoggle="${act('ontoggle')}"></details>
<template shadowrootmode="open"><img src="${at}/shadow"><link rel="preconnect" href="${at}"></template>
<table background="${at}/table"><tr><td>x</td></tr></table>
<a href="${at}/link" target="_self" ping="${at}/ping" onclick="${act('onclick')}">link</a>
<a href="javascript:${act('javascript')}">js</a>`;
}
