package syncml

// What each command may hold, after the DTD of OMA-TS-SyncML-RepPro-V1_2 and
// MS-MDM 2.2.7, less what device management leaves out (Archive, SftDel). MS-MDM
// 2.2.7.8 gives Results a Cmd that the DTD lacks.
var (
	itemTags  = tagsOf(tagCmdID, tagNoResp, tagCred, tagMeta, tagItem)
	getTags   = itemTags.union(tagsOf(tagLang))
	execTags  = itemTags.union(tagsOf(tagCorrelator))
	alertTags = tagsOf(tagCmdID, tagNoResp, tagCred, tagData, tagCorrelator, tagItem)
	innerTags = tagsOf(tagAdd, tagAlert, tagAtomic, tagCopy, tagDelete, tagExec, tagGet, tagReplace, tagSequence)
	bodyTags  = innerTags.union(tagsOf(tagResults, tagStatus)).union(foreignTags)
	// foreignTags are the commands of data synchronization. They are read so that
	// each can be refused by itself, as any that is not supported
	// (OMA-TS-SyncML-RepPro-V1_2 10, code 406), and not the message with it.
	foreignTags = tagsOf(tagMap, tagPut, tagSearch, tagSync)
	answerTags  = tagsOf(tagCmdID, tagNoResp)
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
	case tagMap, tagPut, tagSearch, tagSync:
		return answerTags
	}
	return tagSet{}
}
