package syncml

// What each command may hold, after the DTD of OMA-TS-SyncML-RepPro-V1_2 and
// MS-MDM 2.2.7, less what device management leaves out (Archive, SftDel). MS-MDM
// 2.2.7.8 gives Results a Cmd that the DTD lacks.
var (
	itemTags    = tagsOf(tagCmdID, tagNoResp, tagCred, tagMeta, tagItem)
	getTags     = itemTags.union(tagsOf(tagLang))
	execTags    = itemTags.union(tagsOf(tagCorrelator))
	alertTags   = tagsOf(tagCmdID, tagNoResp, tagCred, tagData, tagCorrelator, tagItem)
	innerTags   = tagsOf(tagAdd, tagAlert, tagAtomic, tagCopy, tagDelete, tagExec, tagGet, tagReplace, tagSequence)
	bodyTags    = innerTags.union(tagsOf(tagResults, tagStatus))
	groupTags   = innerTags.union(tagsOf(tagCmdID, tagNoResp, tagMeta))
	resultsTags = tagsOf(tagCmdID, tagMsgRef, tagCmdRef, tagCmd, tagMeta, tagTargetRef, tagSourceRef, tagItem)
	statusTags  = tagsOf(tagCmdID, tagMsgRef, tagCmdRef, tagCmd, tagTargetRef, tagSourceRef,
		tagCred, tagChal, tagData, tagItem)

	// repeatedTags may come more than once.
	repeatedTags = bodyTags.union(tagsOf(tagItem, tagTargetRef, tagSourceRef, tagEMI))
)

// childTags returns what a command may hold, or which commands the SyncBody may.
func childTags(t tag) tagSet {
	switch t {
	case tagSyncBody:
		return bodyTags
	case tagAdd, tagCopy, tagDelete, tagReplace:
		return itemTags
	case tagGet:
		return getTags
	case tagExec:
		return execTags
	case tagAlert:
		return alertTags
	case tagAtomic, tagSequence:
		return groupTags
	case tagResults:
		return resultsTags
	case tagStatus:
		return statusTags
	}
	return tagSet{}
}
