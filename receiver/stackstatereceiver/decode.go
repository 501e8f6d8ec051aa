package stackstatereceiver

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// errEncoding is the cause when a body has an encoding that is not read.
var errEncoding = errors.New("content encoding is not supported")

// decoders undo content encodings. Encodings clients of the intake do not use are left out on purpose.
var decoders = map[string]func(io.Reader) (io.Reader, error){
	"":         identity,
	"identity": identity,
	"gzip":     gunzip,
	"deflate":  inflate,
}

// encodings lists the content encodings that can be read.
func encodings() []string { return slices.Sorted(maps.Keys(decoders)) }

func identity(body io.Reader) (io.Reader, error) { return body, nil }

func gunzip(body io.Reader) (io.Reader, error) { return gzip.NewReader(body) }

// inflate reads the zlib format, which is what the encoding means, and the bare format some clients send under its name.
func inflate(body io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(body)
	header, err := buffered.Peek(2)
	if err != nil {
		return nil, err
	}
	const methodDeflate = 8
	if header[0]&0x0f == methodDeflate && (int(header[0])<<8|int(header[1]))%31 == 0 {
		return zlib.NewReader(buffered)
	}
	return flate.NewReader(buffered), nil
}

// readBody returns the decoded body of a request. The limit holds for what arrives and for what it decodes to.
func readBody(r *http.Request, cfg *Config) ([]byte, error) {
	encoding := strings.ToLower(strings.TrimSpace(r.Header.Get("Content-Encoding")))
	if !cfg.accepts(encoding) {
		return nil, errEncoding
	}
	decoded, err := decoders[encoding](r.Body)
	if err != nil {
		return nil, fmt.Errorf("decode body: %w", err)
	}
	limit := cfg.ServerConfig.MaxRequestBodySize
	body, err := io.ReadAll(io.LimitReader(decoded, limit+1))
	if err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	if int64(len(body)) > limit {
		return nil, &http.MaxBytesError{Limit: limit}
	}
	// Decoders may stop short of the end, but only when that was read the server notices that a client goes away.
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, fmt.Errorf("read body: %w", err)
	}
	return body, nil
}
