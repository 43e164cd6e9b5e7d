// Package xpress is the Plain LZ77 variant of the Xpress compression algorithm
// ([MS-XCA] 2.3 and 2.4) in the block framing in which WSUS answers requests that
// offer "Accept-Encoding: xpress" ([MS-WUSP] 2.1).
//
// A stream is a sequence of independent blocks without a trailer, so streams may be
// concatenated. Each block is
//
//	original length    uint32, little-endian, 1 to 65535
//	compressed length  uint32, little-endian, 1 to the original length
//	payload            raw bytes when the two lengths are equal, else Plain LZ77
//
// The encoder cuts at BlockSize bytes, as a real server was seen to do; the decoder
// takes blocks up to MaxBlockSize. Huffman and LZNT1 variants are not here.
package xpress
