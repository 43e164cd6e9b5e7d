package store

// Topic says what of the answers a commit changed. Topics are joined with |.
type Topic uint32

// The topics.
const (
	CatalogChanged     Topic = 1 << iota // an import was applied: the graph is rebuilt
	ContentChanged                       // files came or went
	DeploymentsChanged                   // approvals, declines, scope
	FleetChanged                         // groups, computers, holds
	PolicyChanged                        // what groups want of their devices
	RevocationChanged                    // a device certificate was revoked
)

// Bump counts the store-wide sequence number on, once in a transaction, and
// returns it: the number of this commit. After the commit, subscribers of the
// topic are woken. It is for every change that can change an answer of a door.
func (tx *Tx) Bump(topic Topic) (int64, error) {
	tx.topics |= topic
	if tx.seq != 0 {
		return tx.seq, nil
	}
	err := tx.QueryRow(`UPDATE appliance SET seq = seq + 1 RETURNING seq`).Scan(&tx.seq)
	return tx.seq, err
}

// Seq returns the sequence number of the last commit that changed an answer.
func (s *Store) Seq() int64 { return s.seq.Load() }

// Subscribe returns a channel on which a value waits after one or more commits
// that changed any of the topics, and a function that ends the subscription. A
// slow subscriber misses no change, but sees several as one.
func (s *Store) Subscribe(topics Topic) (changes <-chan struct{}, cancel func()) {
	sub := &subscriber{topics: topics, c: make(chan struct{}, 1)}
	s.subscribers.Lock()
	defer s.subscribers.Unlock()
	s.subscribers.m[sub] = struct{}{}
	return sub.c, func() {
		s.subscribers.Lock()
		defer s.subscribers.Unlock()
		delete(s.subscribers.m, sub)
	}
}

type subscriber struct {
	topics Topic
	c      chan struct{}
}

func (s *Store) publish(topics Topic) {
	if topics == 0 {
		return
	}
	s.subscribers.Lock()
	defer s.subscribers.Unlock()
	for sub := range s.subscribers.m {
		if sub.topics&topics == 0 {
			continue
		}
		select {
		case sub.c <- struct{}{}:
		default: // one is waiting already
		}
	}
}
