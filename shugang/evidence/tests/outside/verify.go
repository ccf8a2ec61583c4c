// Verifies a copy of a Shugang evidence log with the Go project's own packages, none of ours.
//
//	verify LOGFOLDER VKEY [OLD-CHECKPOINT ...]
//
// It checks the checkpoint's signature (sumdb/note), recomputes every entry's hash and the root (sumdb/tlog), reads the
// published tiles for inclusion proofs of entries spread over the log, and proves each older checkpoint a prefix of it.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

func fail(format string, args ...interface{}) {
	fmt.Fprintf(os.Stderr, "FAILED: "+format+"\n", args...)
	os.Exit(1)
}

func checkpoint(text []byte, verifier note.Verifier) tlog.Tree {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		fail("checkpoint: %v", err)
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		fail("checkpoint: not of origin %s", verifier.Name())
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		fail("checkpoint: size: %v", err)
	}
	root, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		fail("checkpoint: root")
	}
	tree := tlog.Tree{N: size}
	copy(tree.Hash[:], root)
	return tree
}

func number(n int64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	return path
}

// entries calls each for every entry of the bundles, in order.
func entries(folder string, size int64, each func(index int64, entry []byte)) {
	for n := int64(0); n*256 < size; n++ {
		width := size - n*256
		name := filepath.Join(folder, "tile", "entries", number(n))
		if width < 256 {
			name += fmt.Sprintf(".p/%d", width)
		} else {
			width = 256
		}
		data, err := os.ReadFile(name)
		if err != nil {
			fail("bundle %d: %v", n, err)
		}
		for i := int64(0); i < width; i++ {
			if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
				fail("bundle %d is cut off at entry %d", n, n*256+i)
			}
			length := int(binary.BigEndian.Uint16(data))
			each(n*256+i, data[2:2+length])
			data = data[2+length:]
		}
		if len(data) != 0 {
			fail("bundle %d has bytes after its last entry", n)
		}
	}
}

type memory []tlog.Hash

func (m memory) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, index := range indexes {
		if index >= int64(len(m)) {
			return nil, fmt.Errorf("hash %d is not there", index)
		}
		found[i] = m[index]
	}
	return found, nil
}

// published reads tiles as the log serves them: C2SP fixes the height at 8 and leaves it out of the path.
type published struct{ folder string }

func (p published) Height() int { return 8 }

func (p published) SaveTiles([]tlog.Tile, [][]byte) {}

func (p published) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	found := make([][]byte, len(tiles))
	for i, tile := range tiles {
		path := "tile/" + strings.TrimPrefix(tile.Path(), "tile/8/")
		data, err := os.ReadFile(filepath.Join(p.folder, path))
		if err != nil {
			return nil, err
		}
		found[i] = data
	}
	return found, nil
}

func main() {
	if len(os.Args) < 3 {
		fail("usage: verify LOGFOLDER VKEY [OLD-CHECKPOINT ...]")
	}
	folder := os.Args[1]
	verifier, err := note.NewVerifier(os.Args[2])
	if err != nil {
		fail("vkey: %v", err)
	}
	text, err := os.ReadFile(filepath.Join(folder, "checkpoint"))
	if err != nil {
		fail("%v", err)
	}
	tree := checkpoint(text, verifier)
	var hashes memory
	entries(folder, tree.N, func(index int64, entry []byte) {
		added, err := tlog.StoredHashes(index, entry, hashes)
		if err != nil {
			fail("entry %d: %v", index, err)
		}
		hashes = append(hashes, added...)
	})
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil || root != tree.Hash {
		fail("the entries do not give the signed root: %v", err)
	}
	reader := tlog.TileHashReader(tree, published{folder})
	step := tree.N/97 + 1
	for index := int64(0); index < tree.N; index += step {
		proof, err := tlog.ProveRecord(tree.N, index, reader)
		if err != nil {
			fail("tiles: %v", err)
		}
		leaf := hashes[tlog.StoredHashIndex(0, index)]
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf); err != nil {
			fail("entry %d: %v", index, err)
		}
	}
	for _, name := range os.Args[3:] {
		text, err := os.ReadFile(name)
		if err != nil {
			fail("%v", err)
		}
		old := checkpoint(text, verifier)
		if old.N > tree.N {
			fail("%s is ahead of the log: %d > %d", name, old.N, tree.N)
		}
		proof, err := tlog.ProveTree(tree.N, old.N, reader)
		if err == nil {
			err = tlog.CheckTree(proof, tree.N, tree.Hash, old.N, old.Hash)
		}
		if err != nil {
			fail("%s is of another history: %v", name, err)
		}
	}
	fmt.Printf("OK %d entries, root %s\n", tree.N, base64.StdEncoding.EncodeToString(tree.Hash[:]))
}
