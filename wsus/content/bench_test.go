//go:build linux

package content_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"sluice/wsus/content"
	"sluice/wsus/update"
)

const (
	serveEnv   = "SLUICE_CONTENT_BENCH_ROOT" // makes the test binary a server of this folder
	benchSize  = 256 << 20
	rangeSize  = 1 << 20
	rangeConns = 8
	benchTurns = 7 // odd; each ratio is the median of so many
)

func TestMain(m *testing.M) {
	if root := os.Getenv(serveEnv); root != "" {
		if err := serveBench(root); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serveBench serves the one file of a root until it is told to end.
func serveBench(root string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	s, err := content.Open(ctx, content.Options{Root: root, Verdicts: &verdicts{}})
	if err != nil {
		return err
	}
	if _, err := s.Verify(ctx, "", nil, nil); err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	srv := &http.Server{ConnContext: func(ctx context.Context, c net.Conn) context.Context {
		if n, _ := strconv.Atoi(os.Getenv("SNDBUF")); n > 0 {
			c.(*net.TCPConn).SetWriteBuffer(n)
		}
		return ctx
	}, Handler: content.Handler(s, content.HandlerOptions{})}
	context.AfterFunc(ctx, func() { srv.Close() })
	fmt.Println(ln.Addr())
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// BenchmarkContentAgainstNginx serves one file from the page cache by this
// package and by nginx, each in processes of its own, turn by turn to the same
// client, and reports this package's share of nginx's throughput for whole
// files (whole-ratio, wanted: at least 0.9) and for 1 MiB ranges on 8
// connections (range-ratio, at least 0.6), and its processor time per byte of
// both as a multiple of nginx's (cpu-ratio, at most 1.2). It measures the same
// amount whatever b.N is: run it with -benchtime=1x, on a machine that does
// nothing else, for the cpu-ratio grows with every other process.
func BenchmarkContentAgainstNginx(b *testing.B) {
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		if nginx = "/usr/sbin/nginx"; !exists(nginx) {
			b.Skip("nginx is not installed")
		}
	}
	root := b.TempDir()
	if err := os.Chmod(root, 0o755); err != nil {
		b.Fatal(err)
	}
	f := layBench(b, root)
	ours := startOurs(b, root)
	theirs := startNginx(b, nginx, root)

	for b.Loop() {
		var whole, ranged, ourCPU, theirCPU []float64
		for range benchTurns {
			a, z := ours.measure(b, f, wholeFile), theirs.measure(b, f, wholeFile)
			c, y := ours.measure(b, f, shuffledRanges), theirs.measure(b, f, shuffledRanges)
			whole = append(whole, a.rate/z.rate)
			ranged = append(ranged, c.rate/y.rate)
			ourCPU = append(ourCPU, a.cpu, c.cpu)
			theirCPU = append(theirCPU, z.cpu, y.cpu)
			b.Logf("MB/s whole %.0f nginx %.0f, ranges %.0f nginx %.0f; CPU s/GB whole %.3f nginx %.3f, ranges %.3f nginx %.3f",
				a.rate, z.rate, c.rate, y.rate, a.cpu, z.cpu, c.cpu, y.cpu)
		}
		b.ReportMetric(median(whole), "whole-ratio")
		b.ReportMetric(median(ranged), "range-ratio")
		b.ReportMetric(sum(ourCPU)/sum(theirCPU), "cpu-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

func median(v []float64) float64 {
	slices.Sort(v)
	return v[len(v)/2]
}

func sum(v []float64) (total float64) {
	for _, x := range v {
		total += x
	}
	return total
}

// layBench puts the file to be served in a root.
func layBench(b *testing.B, root string) update.File {
	b.Helper()
	body := payload(1, benchSize)
	f := fileOf("bench.cab", body)
	name := lay(b, root, content.Path(f), body)
	for _, dir := range []string{filepath.Dir(name), filepath.Dir(root)} {
		if err := os.Chmod(dir, 0o755); err != nil { // nginx may run as another user
			b.Fatal(err)
		}
	}
	return f
}

// server is a running process, with its children, and where it answers.
type server struct {
	addr string
	pid  int
}

func startOurs(b *testing.B, root string) server {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), serveEnv+"="+root)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { terminate(cmd) })
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("server did not start: %v", err)
	}
	return server{strings.TrimSpace(line), cmd.Process.Pid}
}

func startNginx(b *testing.B, nginx, root string) server {
	b.Helper()
	dir := b.TempDir()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := ln.Addr().String()
	ln.Close()
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	conf := user + `daemon off;
worker_processes 2;
pid ` + dir + `/nginx.pid;
error_log ` + dir + `/error.log;
events { worker_connections 256; }
http {
	access_log off;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000;
	client_body_temp_path ` + dir + `/body;
	proxy_temp_path ` + dir + `/proxy;
	fastcgi_temp_path ` + dir + `/fastcgi;
	uwsgi_temp_path ` + dir + `/uwsgi;
	scgi_temp_path ` + dir + `/scgi;
	server {
		listen ` + addr + `;
		location ` + content.Prefix + ` { alias ` + root + `/; }
	}
}
`
	name := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(name, []byte(conf), 0o600); err != nil {
		b.Fatal(err)
	}
	cmd := exec.Command(nginx, "-p", dir, "-e", dir+"/error.log", "-c", name)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { terminate(cmd) })
	for deadline := time.Now().Add(10 * time.Second); ; {
		c, err := net.Dial("tcp", addr)
		if err == nil {
			c.Close()
			return server{addr, cmd.Process.Pid}
		}
		if time.Now().After(deadline) {
			b.Fatalf("nginx did not start: %v", err)
		}
	}
}

func terminate(cmd *exec.Cmd) {
	cmd.Process.Signal(syscall.SIGTERM)
	cmd.Wait()
}

// result is one measurement.
type result struct {
	rate float64 // MB/s
	cpu  float64 // seconds of processor time per GB
}

// measure runs one load, which returns the bytes it got.
func (s server) measure(b *testing.B, f update.File, load func(*http.Client, string) (int64, error)) result {
	b.Helper()
	t := &http.Transport{MaxIdleConnsPerHost: rangeConns, DisableCompression: true}
	defer t.CloseIdleConnections()
	cpu, start := s.cpu(b), time.Now()
	n, err := load(&http.Client{Transport: t}, "http://"+s.addr+content.URLPath(f))
	took := time.Since(start)
	if err != nil {
		b.Fatal(err)
	}
	return result{float64(n) / 1e6 / took.Seconds(), (s.cpu(b) - cpu) / (float64(n) / 1e9)}
}

// cpu returns the processor seconds that the process and its children used.
func (s server) cpu(b *testing.B) float64 {
	b.Helper()
	total, err := cpuTicks(s.pid)
	if err != nil {
		b.Fatal(err)
	}
	kids, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", s.pid, s.pid))
	for kid := range strings.FieldsSeq(string(kids)) {
		pid, err := strconv.Atoi(kid)
		if err == nil {
			var t int64
			t, err = cpuTicks(pid)
			total += t
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	return float64(total) / 100 // USER_HZ
}

func cpuTicks(pid int) (int64, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The name, in parentheses, may hold anything; utime and stime are the
	// 12th and 13th field after it.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	utime, err1 := strconv.ParseInt(fields[11], 10, 64)
	stime, err2 := strconv.ParseInt(fields[12], 10, 64)
	return utime + stime, errors.Join(err1, err2)
}

// wholeFile reads the file eight times over one connection.
func wholeFile(c *http.Client, url string) (int64, error) {
	var total int64
	buf := make([]byte, 256<<10)
	for range 8 {
		n, err := fetch(c, url, "", buf)
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// shuffledRanges reads the file eight times in closed ranges, out of order, as
// Delivery Optimization does.
func shuffledRanges(c *http.Client, url string) (int64, error) {
	const pieces = benchSize / rangeSize
	var wg sync.WaitGroup
	errs := make([]error, rangeConns)
	totals := make([]int64, rangeConns)
	for i := range rangeConns {
		wg.Go(func() {
			buf := make([]byte, 256<<10)
			for j := range pieces {
				at := int64((j*37+i*31)%pieces) * rangeSize
				n, err := fetch(c, url, fmt.Sprintf("bytes=%d-%d", at, at+rangeSize-1), buf)
				if totals[i] += n; err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	wg.Wait()
	var total int64
	for _, n := range totals {
		total += n
	}
	return total, errors.Join(errs...)
}

func fetch(c *http.Client, url, rng string, buf []byte) (int64, error) {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return 0, err
	}
	want, size := http.StatusOK, int64(benchSize)
	if rng != "" {
		req.Header.Set("Range", rng)
		want, size = http.StatusPartialContent, rangeSize
	}
	resp, err := c.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		return 0, fmt.Errorf("GET %s: %s", url, resp.Status)
	}
	n, err := io.CopyBuffer(struct{ io.Writer }{io.Discard}, resp.Body, buf)
	if err == nil && n != size {
		err = fmt.Errorf("GET %s %s: %d bytes, want %d", url, rng, n, size)
	}
	return n, err
}
