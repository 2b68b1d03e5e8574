package main

import "sync"

type claim struct {
	name  string
	queue string
	gpus  int
}

// ledger gives each queue's GPUs to its jobs in the order in which they came; the first that does not fit holds up the others.
type ledger struct {
	sync.Mutex
	gpus    int
	held    map[string]int
	waiting map[string][]claim
	// By job: granted or waiting.
	granted map[string]bool
}

func newLedger(gpus int) *ledger {
	return &ledger{gpus: gpus, held: map[string]int{}, waiting: map[string][]claim{}, granted: map[string]bool{}}
}

// ask says whether the job has its place, and notes it where it has none yet.
func (l *ledger) ask(c claim) bool {
	l.Lock()
	defer l.Unlock()
	if granted, known := l.granted[c.name]; known {
		return granted
	}
	l.granted[c.name] = false
	l.waiting[c.queue] = append(l.waiting[c.queue], c)
	l.next(c.queue)
	return l.granted[c.name]
}

// release returns the names of the jobs that have places now.
func (l *ledger) release(c claim) []string {
	l.Lock()
	defer l.Unlock()
	if !l.granted[c.name] {
		return nil
	}
	delete(l.granted, c.name)
	l.held[c.queue] -= c.gpus
	return l.next(c.queue)
}

func (l *ledger) next(queue string) (names []string) {
	waiting := l.waiting[queue]
	for len(waiting) > 0 && l.held[queue]+waiting[0].gpus <= l.gpus {
		l.held[queue] += waiting[0].gpus
		l.granted[waiting[0].name] = true
		names = append(names, waiting[0].name)
		waiting = waiting[1:]
	}
	l.waiting[queue] = waiting
	return names
}
