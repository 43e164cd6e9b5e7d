package syncml

// sharedTexts are what nearly every message says.
var sharedTexts = func(texts ...string) map[string]string {
	m := make(map[string]string, len(texts))
	for _, s := range texts {
		m[s] = s
	}
	return m
}(
	"0", "1", "2", "3", "4", "5", "6", "7", "8", "9",
	"1.2", "DM/1.2", "SyncHdr", "Alert", "Get", "Replace",
	"200", "212", "404", "1201", "1224", "com.microsoft/MDM/LoginStatus",
	"b64", "bool", "chr", "int", "node", "text/plain", "syncml:auth-md5",
	"./DevInfo/DevId", "./DevInfo/Man", "./DevInfo/Mod", "./DevInfo/DmV", "./DevInfo/Lang",
)

// shared returns string(b), without an allocation for one of sharedTexts.
func shared(b []byte) string {
	if s, ok := sharedTexts[string(b)]; ok {
		return s
	}
	return string(b)
}
