package cabinet

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// decoder turns the payloads of a folder's data blocks, in order, into output.
type decoder interface {
	// frame decodes one payload that must yield exactly n bytes, at most
	// frameSize. src is followed by at least slack zero bytes in its backing
	// array. The result is valid until the next call.
	frame(src []byte, n int) ([]byte, error)
}

// slack is how many zero bytes follow a payload, so that a decoder may load
// whole words at its end.
const slack = 16

// folderStream decodes one folder from its start, block by block.
type folderStream struct {
	ctx    context.Context // of the walk that this stream belongs to
	r      *Reader
	index  int
	br     *bufio.Reader
	dec    decoder
	header []byte // of the data block, with its reserve bytes
	src    []byte // payload and slack
	off    int64  // of the next data block in the cabinet
	block  int    // number of the next data block
	frame  []byte // decoded and not yet passed
	pos    int64  // of frame[0] in the folder
	failed error
}

func (r *Reader) newFolderStream(ctx context.Context, index int) *folderStream {
	return &folderStream{ctx: ctx, r: r, index: index, off: r.folders[index].offset}
}

// seek decodes until pos is off. It cannot go back.
func (s *folderStream) seek(off int64, member string) error {
	for s.pos < off {
		if len(s.frame) == 0 {
			if err := s.nextFrame(member); err != nil {
				return err
			}
		}
		n := min(off-s.pos, int64(len(s.frame)))
		s.frame = s.frame[n:]
		s.pos += n
	}
	return nil
}

// read passes out at least one byte.
func (s *folderStream) read(p []byte, member string) (int, error) {
	if len(s.frame) == 0 {
		if err := s.nextFrame(member); err != nil {
			return 0, err
		}
	}
	n := copy(p, s.frame)
	s.frame = s.frame[n:]
	s.pos += int64(n)
	return n, nil
}

// nextFrame decodes the next data block. An error sticks, since all that
// follows depends on that block.
func (s *folderStream) nextFrame(member string) error {
	if s.failed != nil {
		return s.failed
	}
	if err := s.ctx.Err(); err != nil {
		return err
	}
	err := s.decodeBlock()
	if err == nil {
		return nil
	}
	if !errors.As(err, new(*sourceError)) {
		what := fmt.Sprintf("data block %d of folder %d", s.block, s.index)
		err = &FormatError{Offset: s.off, Member: member, What: what, Err: err}
	}
	s.failed = err
	return err
}

// sourceError is an error of the file that the cabinet lies in.
type sourceError struct{ error }

func (e *sourceError) Unwrap() error { return e.error }

// decodeBlock reads, verifies and decodes the next CFDATA (MS-CAB section 2.4).
func (s *folderStream) decodeBlock() error {
	f := s.r.folders[s.index]
	if s.dec == nil {
		if err := s.start(f); err != nil {
			return err
		}
	}
	if s.block == f.blocks {
		return fmt.Errorf("the folder has only %d data blocks, its members need more", f.blocks)
	}
	if err := s.fill(s.header); err != nil {
		return err
	}
	sum := binary.LittleEndian.Uint32(s.header)
	packed, plain := int(binary.LittleEndian.Uint16(s.header[4:])), int(binary.LittleEndian.Uint16(s.header[6:]))
	if plain == 0 {
		return fmt.Errorf("it continues in another cabinet: %w", ErrMultipart)
	}
	if plain > frameSize {
		return fmt.Errorf("it declares %d bytes of output, at most %d are allowed", plain, frameSize)
	}
	if need := packed + slack; len(s.src) < need {
		s.src = make([]byte, min(2*need, 0xFFFF+slack))
	}
	payload := s.src[:packed]
	if err := s.fill(payload); err != nil {
		return err
	}
	clear(s.src[packed : packed+slack])
	if sum != 0 && blockChecksum(payload, s.header[4:]) != sum {
		return s.r.shortage(ErrChecksum)
	}
	out, err := s.dec.frame(payload, plain)
	if err != nil {
		return err
	}
	s.frame = out
	s.block++
	s.off += int64(len(s.header) + packed)
	return nil
}

// start makes the folder's decoder.
func (s *folderStream) start(f folder) error {
	switch f.method.kind() {
	case methodNone:
		s.dec = stored{}
	case methodMSZIP:
		s.dec = new(mszip)
	case methodLZX:
		s.dec = newLZX(f.method.windowBits(), f.extent)
	default:
		return ErrQuantum
	}
	section := io.NewSectionReader(s.r.src, f.offset, max(0, s.r.end-f.offset))
	s.header = make([]byte, blockSize+s.r.blockReserve)
	s.br = bufio.NewReaderSize(section, int(min(64<<10, section.Size())))
	return nil
}

func (s *folderStream) fill(b []byte) error {
	_, err := io.ReadFull(s.br, b)
	switch {
	case err == nil:
		return nil
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return s.r.shortage(io.ErrUnexpectedEOF)
	}
	return &sourceError{fmt.Errorf("cabinet: read data block %d of folder %d: %w", s.block, s.index, err)}
}

// shortage adds to err that the cabinet is cut short, if so.
func (r *Reader) shortage(err error) error {
	if r.declared > r.size {
		return fmt.Errorf("%w (%d of the cabinet's %d bytes are missing)", err, r.declared-r.size, r.declared)
	}
	return err
}

// blockChecksum computes the checksum of a CFDATA: XOR over the payload, then
// over cbData, cbUncomp and the reserve bytes.
func blockChecksum(payload, fields []byte) uint32 {
	return xorWords(payload) ^ xorWords(fields)
}

// xorWords XORs the little-endian dwords of b. The one to three bytes at the
// end form a dword in the opposite order.
func xorWords(b []byte) uint32 {
	var wide uint64
	for ; len(b) >= 8; b = b[8:] {
		wide ^= binary.LittleEndian.Uint64(b)
	}
	sum := uint32(wide) ^ uint32(wide>>32)
	if len(b) >= 4 {
		sum ^= binary.LittleEndian.Uint32(b)
		b = b[4:]
	}
	var tail uint32
	for _, c := range b {
		tail = tail<<8 | uint32(c)
	}
	return sum ^ tail
}

// memberReader yields the bytes of one member.
type memberReader struct {
	stream *folderStream
	member Member
	next   int64 // folder offset of the next byte
}

// Read implements [io.Reader].
func (m *memberReader) Read(p []byte) (int, error) {
	left := m.member.end() - m.next
	if left == 0 {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	if m.stream.pos > m.next {
		return 0, fmt.Errorf("cabinet: read %q: the walk has moved on", m.member.Name)
	}
	if err := m.stream.seek(m.next, m.member.Name); err != nil {
		return 0, err
	}
	n, err := m.stream.read(p[:min(int64(len(p)), left)], m.member.Name)
	m.next += int64(n)
	return n, err
}
