import { render } from 'preact';
import 'uplot/dist/uPlot.min.css';
import './style/index.css';
import { App } from './app.js';
import { applyTheme } from './theme.js';

applyTheme();
render(<App />, document.getElementById('app')!);
