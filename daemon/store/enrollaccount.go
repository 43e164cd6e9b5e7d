package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// EnrollAccount is an account of a person who enrols devices.
type EnrollAccount struct {
	Name       string
	Display    string
	Hash       string // of the password, as daemon/credential writes it
	MaxDevices int    // enrolled at a time; 0 for no limit
	Devices    int    // enrolled with it now
	Expires    time.Time
	Disabled   bool
	Created    time.Time
	By         string
}

// LogValue keeps the hash out of the log.
func (a EnrollAccount) LogValue() slog.Value { return slog.StringValue(a.Name) }

// AccountChange is what is to change about an account. What is nil stays; an
// Expires of zero is never.
type AccountChange struct {
	Display    *string
	Hash       *string
	MaxDevices *int
	Expires    *time.Time
	Disabled   *bool
}

// ErrBadName refuses a name that nobody could type, or that reads as another.
var ErrBadName = errors.New("a name has 1 to 64 bytes, without blanks and any of \\ / \" ' < > |")

const accountQuery = `SELECT a.name, a.display, a.hash, a.max_devices, a.expires, a.disabled, a.created, a.made_by,
	(SELECT count(*) FROM enrollment e WHERE e.account = a.name AND e.ended IS NULL) FROM enroll_account a`

func scanAccount(scan func(...any) error) (a EnrollAccount, _ error) {
	var expires, created int64
	err := scan(&a.Name, &a.Display, &a.Hash, &a.MaxDevices, &expires, &a.Disabled, &created, &a.By, &a.Devices)
	a.Expires, a.Created = fromMillis(expires), fromMillis(created)
	return a, err
}

// EnrollAccounts returns all accounts by name.
func (s *Store) EnrollAccounts(ctx context.Context) (list []EnrollAccount, _ error) {
	err := s.read(ctx, "enrollment accounts", func(ctx context.Context, tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, accountQuery+` ORDER BY a.name`)
		return each(rows, err, func(scan func(...any) error) error {
			a, err := scanAccount(scan)
			list = append(list, a)
			return err
		})
	})
	return list, err
}

// FindEnrollAccount returns the account that somebody means by a name: in any
// letter case, and where there is none of that name, without the domain that
// Windows asks for or puts before it (anna@ship.example, SHIP\anna). The error
// wraps [ErrNotFound].
func (s *Store) FindEnrollAccount(ctx context.Context, name string) (a EnrollAccount, _ error) {
	short := name
	if _, after, ok := strings.Cut(name, `\`); ok {
		short = after
	} else if before, _, ok := strings.Cut(name, "@"); ok {
		short = before
	}
	err := s.read(ctx, "enrollment account", func(ctx context.Context, tx *sql.Tx) (err error) {
		a, err = scanAccount(tx.QueryRowContext(ctx, accountQuery+` WHERE a.name IN (?1, ?2) ORDER BY a.name <> ?1 LIMIT 1`, name, short).Scan)
		return missing(err)
	})
	return a, err
}

// CreateEnrollAccount makes an account. The error wraps [ErrExists] where the
// name is taken, and [ErrBadName].
func (s *Store) CreateEnrollAccount(ctx context.Context, by Entry, name string, c AccountChange) (a EnrollAccount, _ error) {
	if !goodAccountName(name) {
		return a, fmt.Errorf("account %.80q: %w", name, ErrBadName)
	}
	err := s.Write(ctx, "create enrollment account", func(tx *Tx) error {
		a = EnrollAccount{Name: name, Display: name, Created: tx.Now, By: by.Who}
		c.apply(&a)
		_, err := tx.exec(`INSERT INTO enroll_account (name, display, hash, max_devices, expires, disabled, created, made_by)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, a.Name, a.Display, a.Hash, a.MaxDevices, millis(a.Expires), a.Disabled, millis(tx.Now), by.Who)
		if err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "enroll.create-account", a.Name, c.detail()
		return tx.AuditInTx(by)
	})
	return a, err
}

func goodAccountName(name string) bool {
	if name == "" || len(name) > 64 || !utf8.ValidString(name) {
		return false
	}
	for _, c := range name {
		if c == ' ' || !unicode.IsPrint(c) || strings.ContainsRune(`\/"'<>|`, c) {
			return false
		}
	}
	return true
}

// ChangeEnrollAccount changes an account. The error wraps [ErrNotFound].
func (s *Store) ChangeEnrollAccount(ctx context.Context, by Entry, name string, c AccountChange) (a EnrollAccount, _ error) {
	err := s.Write(ctx, "change enrollment account", func(tx *Tx) error {
		var err error
		if a, err = tx.account(name); err != nil {
			return err
		}
		c.apply(&a)
		if _, err := tx.exec(`UPDATE enroll_account SET display = ?, hash = ?, max_devices = ?, expires = ?, disabled = ? WHERE name = ?`,
			a.Display, a.Hash, a.MaxDevices, millis(a.Expires), a.Disabled, a.Name); err != nil {
			return err
		}
		by.Action, by.Subject, by.Detail = "enroll.change-account", a.Name, c.detail()
		return tx.AuditInTx(by)
	})
	return a, err
}

func (tx *Tx) account(name string) (a EnrollAccount, err error) {
	st, err := tx.prepared(accountQuery + ` WHERE a.name = ?`)
	if err != nil {
		return a, err
	}
	a, err = scanAccount(st.QueryRow(name).Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("account %.80q: %w", name, ErrNotFound)
	}
	return a, err
}

func (c AccountChange) apply(a *EnrollAccount) {
	if c.Display != nil {
		a.Display = *c.Display
	}
	if c.Hash != nil {
		a.Hash = *c.Hash
	}
	if c.MaxDevices != nil {
		a.MaxDevices = max(0, *c.MaxDevices)
	}
	if c.Expires != nil {
		a.Expires = *c.Expires
	}
	if c.Disabled != nil {
		a.Disabled = *c.Disabled
	}
}

// detail is what the audit log keeps of a change: of the password only that.
func (c AccountChange) detail() map[string]any {
	d := map[string]any{}
	if c.Display != nil {
		d["display"] = *c.Display
	}
	if c.Hash != nil {
		d["password"] = "set"
	}
	if c.MaxDevices != nil {
		d["max_devices"] = *c.MaxDevices
	}
	if c.Expires != nil {
		d["expires"] = deadlineText(*c.Expires)
	}
	if c.Disabled != nil {
		d["disabled"] = *c.Disabled
	}
	return d
}

// DeleteEnrollAccount deletes an account. The devices that it enrolled stay.
func (s *Store) DeleteEnrollAccount(ctx context.Context, by Entry, name string) error {
	return s.Write(ctx, "delete enrollment account", func(tx *Tx) error {
		a, err := tx.account(name)
		if err != nil {
			return err
		}
		if _, err := tx.exec(`DELETE FROM enroll_account WHERE name = ?`, a.Name); err != nil {
			return err
		}
		by.Action, by.Subject = "enroll.delete-account", a.Name
		return tx.AuditInTx(by)
	})
}
