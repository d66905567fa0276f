package gate

// Watch returns a channel that receives after any change of Live or Status, and a function that ends it. Changes that were not
// received yet are one. Each watcher has its own channel.
func (g *Gate) Watch() (changed <-chan struct{}, stop func()) {
	c := make(chan struct{}, 1)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.watchers[c] = true
	return c, func() {
		g.mu.Lock()
		defer g.mu.Unlock()
		delete(g.watchers, c)
	}
}

// tell wakes every watcher; one that has not looked since the last time needs no second call. g.mu is held.
func (g *Gate) tell() {
	for c := range g.watchers {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}
