package clientsync

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"sluice/wsus/catalog"
	"sluice/wsus/soap"
)

// readSync reads the SyncUpdates call in an envelope.
func readSync(envelope []byte, q *syncRequest, lim *Limits) error {
	m, err := soap.Open(envelope)
	if err != nil {
		return err
	}
	return q.read(&reader{Scanner: m.Scanner(), space: clientSpace}, lim)
}

// scanEnvelope is the call of a client that holds n revisions.
func scanEnvelope(n int) []byte {
	var b strings.Builder
	b.WriteString(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SyncUpdates xmlns="` + clientSpace +
		`"><cookie><Expiration>2026-10-04T16:03:35Z</Expiration><EncryptedData>QUJD</EncryptedData></cookie><parameters><ExpressQuery>false</ExpressQuery><InstalledNonLeafUpdateIDs>`)
	for i := range 90 {
		fmt.Fprintf(&b, "<int>%d</int>", 100000+i)
	}
	b.WriteString("</InstalledNonLeafUpdateIDs><OtherCachedUpdateIDs>")
	for i := range n {
		fmt.Fprintf(&b, "<int>%d</int>", 101000+i)
	}
	b.WriteString("</OtherCachedUpdateIDs><SkipSoftwareSync>false</SkipSoftwareSync><NeedTwoGroupOutOfScopeUpdates>true</NeedTwoGroupOutOfScopeUpdates><ComputerSpec/></parameters></SyncUpdates></s:Body></s:Envelope>")
	return []byte(b.String())
}

func FuzzSyncRequest(f *testing.F) {
	f.Add(scanEnvelope(2))
	f.Add([]byte(`<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><SyncUpdates xmlns="` + clientSpace + `"><parameters><SystemSpec><Device>` +
		`<HardwareIDs><string>PCI\A&amp;B</string></HardwareIDs><CompatibleIDs/><installedDriver><MatchingID>x</MatchingID><DriverVerDate>2006-06-21T00:00:00Z</DriverVerDate>` +
		`<DriverVerVersion>2814751477604196</DriverVerVersion><MatchingComputerHWID a:nil="true" xmlns:a="http://www.w3.org/2001/XMLSchema-instance"/><DriverRank>-1</DriverRank></installedDriver>` +
		`</Device></SystemSpec><CachedDriverIDs><int>-7</int></CachedDriverIDs><SkipSoftwareSync>1</SkipSoftwareSync><FilterCategoryIds><CategoryIdentifier><Id>56309036-4c77-4dd9-951a-99ee9c246a94</Id>` +
		`</CategoryIdentifier></FilterCategoryIds><ComputerSpec><HardwareIDs><guid>56309036-4c77-4dd9-951a-99ee9c246a94</guid></HardwareIDs></ComputerSpec></parameters></SyncUpdates></s:Body></s:Envelope>`))
	lim := Limits{Installed: 8, Held: 8, Drivers: 8, Devices: 8, DeviceIDs: 8, Computer: 8, Category: 8, Text: 64}.withDefaults()
	var q syncRequest
	f.Fuzz(func(t *testing.T, in []byte) {
		q.reset()
		err := readSync(in, &q, &lim)
		if len(q.installed) > 8 || len(q.other) > 8 || len(q.drivers) > 8 || len(q.devices) > 8 || len(q.computerIDs) > 8 || len(q.filter) > 8 {
			t.Errorf("limits do not hold: %+v", q)
		}
		for _, d := range q.devices {
			if len(d.HardwareIDs)+len(d.CompatibleIDs) > 8 || d.Installed != nil && err == nil && d.Installed.MatchingID == "" {
				t.Errorf("device %+v", d)
			}
		}
		var again syncRequest
		if err2 := readSync(in, &again, &lim); (err == nil) != (err2 == nil) || err == nil && (len(again.other) != len(q.other) || again.skipSoftware != q.skipSoftware) {
			t.Errorf("read twice: %v, %v", err, err2)
		}
	})
}

func TestParseInt(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]int64{"0": 0, "-0": 0, "+7": 7, "-12": -12, "9223372036854775807": 1<<63 - 1, "000000000000000001": 1} {
		if got, ok := parseInt([]byte(in)); !ok || got != want {
			t.Errorf("parseInt(%q) = %d, %v, want %d", in, got, ok, want)
		}
	}
	for _, in := range []string{"", "-", "+", "9223372036854775808", "99999999999999999999", "1e3", "0x1", "1 ", "--1"} {
		if got, ok := parseInt([]byte(in)); ok {
			t.Errorf("parseInt(%q) = %d", in, got)
		}
	}
}

func TestByteCache(t *testing.T) {
	t.Parallel()
	c := newByteCache[int](10 * (100 + itemOverhead))
	item := func(n int) []byte { return make([]byte, 100, 100+n) }
	for n := range 10 {
		c.put(n, item(n))
	}
	c.put(3, []byte("another")) // is not taken
	for n := range 10 {
		if b, ok := c.get(n); !ok || cap(b) != cap(item(n)) {
			t.Fatalf("item %d is not kept", n)
		}
	}
	c.put(10, item(0)) // all were used: the first after a whole turn goes
	for n := 11; n < 15; n++ {
		c.get(7)
		c.put(n, item(0))
	}
	if _, ok := c.get(7); !ok {
		t.Error("the item that was asked for all the time is gone")
	}
	kept := 0
	for n := range 15 {
		if _, ok := c.get(n); ok {
			kept++
		}
	}
	if kept != 10 || len(c.ring) != 10 || c.used != c.max {
		t.Errorf("%d items are kept, %d in the ring, %d bytes of %d", kept, len(c.ring), c.used, c.max)
	}
	c.put(99, make([]byte, c.max/4)) // too much of it
	if _, ok := c.get(99); ok {
		t.Error("an item heavier than a quarter is kept")
	}
}

// slowChunks counts loads and how many there are at once.
type slowChunks struct {
	Bodies
	now, most, loads atomic.Int32
	gate             chan struct{}
}

func (s *slowChunks) CoreChunk(_ context.Context, _ catalog.CoreID, n int) ([]byte, error) {
	if now := s.now.Add(1); now > s.most.Load() {
		s.most.Store(now)
	}
	defer s.now.Add(-1)
	s.loads.Add(1)
	<-s.gate
	if n > 1 {
		return nil, io.EOF
	}
	return []byte{byte(n)}, nil
}

func TestOneChunkIsLoadedAtATime(t *testing.T) {
	t.Parallel()
	b := &slowChunks{gate: make(chan struct{})}
	c := newChunkCache(b, 1<<20)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if data, err := c.chunk(t.Context(), chunkKey{n: i % 2}); err != nil || data[0] != byte(i%2) {
				t.Errorf("chunk %d: %v, %v", i%2, data, err)
			}
		})
	}
	for range 2 {
		b.gate <- struct{}{}
	}
	wg.Wait()
	if b.most.Load() != 1 || b.loads.Load() != 2 {
		t.Errorf("%d loads, %d at once", b.loads.Load(), b.most.Load())
	}
	// Who waits for a load gives up with its request.
	held := make(chan error)
	go func() {
		_, err := c.chunk(t.Context(), chunkKey{n: 2})
		held <- err
	}()
	for b.now.Load() == 0 {
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.chunk(ctx, chunkKey{n: 3}); !errors.Is(err, context.Canceled) {
		t.Errorf("a request that is over: %v", err)
	}
	b.gate <- struct{}{}
	if err := <-held; !errors.Is(err, io.EOF) {
		t.Errorf("past the last chunk: %v", err)
	}
}

func TestReadingIDsAllocatesLittle(t *testing.T) {
	envelope := scanEnvelope(1500)
	lim := Limits{}.withDefaults()
	q := new(syncRequest)
	m, err := soap.Open(envelope)
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(20, func() {
		q.reset()
		if err := q.read(&reader{Scanner: m.Scanner(), space: clientSpace}, &lim); err != nil || len(q.other) != 1500 {
			t.Fatal(err, len(q.other))
		}
	})
	if n > 40 {
		t.Errorf("%v allocations for 1,590 ids", n)
	}
}

func BenchmarkReadSync(b *testing.B) {
	envelope := scanEnvelope(1500)
	lim := Limits{}.withDefaults()
	q := new(syncRequest)
	m, err := soap.Open(envelope)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("open", func(b *testing.B) {
		b.SetBytes(int64(len(envelope)))
		for b.Loop() {
			if _, err := soap.Open(envelope); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("read", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(envelope)))
		for b.Loop() {
			q.reset()
			if err := q.read(&reader{Scanner: m.Scanner(), space: clientSpace}, &lim); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func TestByteCacheIsSafe(t *testing.T) {
	t.Parallel()
	c := newByteCache[int](50 * (8 + itemOverhead))
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 2000 {
				k := (i*7 + g*13) % 200
				if b, ok := c.get(k); ok && b[0] != byte(k) {
					t.Errorf("key %d holds %d", k, b[0])
				}
				c.put(k, append(make([]byte, 0, 8), byte(k), 0, 0, 0, 0, 0, 0, 0))
			}
		})
	}
	wg.Wait()
	if c.used > c.max || len(c.ring) > 50 {
		t.Errorf("%d bytes of %d in %d items", c.used, c.max, len(c.ring))
	}
	for _, item := range c.ring {
		if b, ok := c.get(item.key); !ok || &b[0] != &item.data[0] {
			t.Errorf("key %d is in the ring, but not kept", item.key)
		}
	}
}
