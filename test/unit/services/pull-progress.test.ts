import { expect, test } from 'vitest';
import { pullProgress } from '../../../src/services/pull-progress.ts';
import { emptyView, reduceView, type ViewModel } from '../../../src/ui/ink/view-model.ts';

test('a pull that has ended leaves no progress on the screen', () => {
  let view: ViewModel = emptyView;
  const pull = pullProgress('phi3:mini', 'service-b', (event) => {
    view = reduceView(view, event, 0);
  });
  pull.line({ status: 'pulling manifest' });
  pull.line({ status: 'pulling 633fc5be925f', digest: 'sha256:633f', completed: 1000, total: 2000 });
  expect(view.progress).toMatchObject([{ label: 'phi3:mini: pulling 633fc5be925f', done: 1000, total: 2000 }]);
  pull.line({ status: 'verifying sha256 digest' });
  pull.line({ status: 'success' });
  expect(view.progress).toMatchObject([{ label: 'phi3:mini: verifying sha256 digest' }]);
  pull.done();
  expect(view.progress).toEqual([]);
});
