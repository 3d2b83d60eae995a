import { render } from 'preact';
import { App } from './app.tsx';
import { Chat } from './chat.ts';

const root = document.getElementById('app');
if (root !== null) {
  root.textContent = '';
  const chat = new Chat();
  render(<App chat={chat} />, root);
  void chat.start();
}
