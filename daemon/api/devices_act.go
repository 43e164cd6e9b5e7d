package api

import (
	"sluice/daemon/api/wire"
	"sluice/daemon/store"
	"sluice/omadm/dialogue"
	"sluice/omadm/enroll"
	"sluice/omadm/updatecsp/tree"
)

// enrolledNamed returns the device that an act is done to.
func (s *server) enrolledNamed(a *act) (store.EnrolledDetail, error) {
	a.by.Subject = "device " + a.PathValue("device")
	d, err := s.enrolled(a.Request)
	if err == nil && d.Name != "" {
		a.by.Subject = d.Name
	}
	return d, err
}

// currentNamed returns the device that an act is done to, which is to be enrolled
// still.
func (s *server) currentNamed(a *act) (store.EnrolledDetail, error) {
	d, err := s.enrolledNamed(a)
	if err == nil && !goesOn(d.Enrollment.State) {
		err = conflict("%s is no longer enrolled (%s)", d.Name, d.Enrollment.State)
	}
	return d, err
}

func (s *server) syncDevice(a *act) (any, error) {
	d, err := s.currentNamed(a)
	if err != nil {
		return nil, err
	}
	last, err := s.Store.AskSync(a.Context(), a.by, d.ID)
	if err != nil {
		return nil, err
	}
	last = s.Management.LastPoll(d.Enrollment.ID, last)
	return wire.SyncAsked{LastPoll: when(last), Due: when(s.Management.NextPoll(d.Enrollment.ID, last))}, nil
}

func (s *server) unenrollDevice(a *act) (any, error) {
	var req wire.Unenroll
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	d, err := s.currentNamed(a)
	if err != nil {
		return nil, err
	}
	if req.Force {
		return nil, s.Fleet.Retire(a.Context(), a.by, d.ID)
	}
	return nil, s.Store.Unenroll(a.Context(), a.by, d.ID, dialogue.Unenroll(enroll.ProviderID))
}

func (s *server) rollbackDevice(a *act) (any, error) {
	var req wire.Rollback
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	d, err := s.currentNamed(a)
	if err != nil {
		return nil, err
	}
	kind, command := store.RollbackQualityOrder, tree.RollBack(tree.Quality)
	switch req.What {
	case "quality":
	case "feature":
		kind, command = store.RollbackFeatureOrder, tree.RollBack(tree.Feature)
	default:
		return nil, badRequest("%q is neither quality nor feature", req.What)
	}
	_, err = s.Store.Order(a.Context(), a.by, d.ID, kind, command, true)
	return nil, err
}

func (s *server) joinDevice(a *act) (any, error) {
	var req wire.JoinDevices
	if err := decode(a.Request, &req); err != nil {
		return nil, err
	}
	d, err := s.enrolledNamed(a)
	if err != nil {
		return nil, err
	}
	return nil, s.Fleet.JoinDevices(a.Context(), a.by, d.ID, req.Computer)
}

func (s *server) splitDevice(a *act) (any, error) {
	d, err := s.enrolledNamed(a)
	if err != nil {
		return nil, err
	}
	return nil, s.Fleet.SplitDevice(a.Context(), a.by, d.ID)
}
