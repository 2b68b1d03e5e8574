import './elementwise.js';
import './indexing.js';
import './matmul.js';
import './random.js';
import './reductions.js';
import './shapes.js';
