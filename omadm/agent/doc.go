// Package agent is the MDM client of Windows as a management server sees it: the
// client role of MS-MDE2 and MS-MDM, written from the specifications, the DDF
// files and captures of native clients, for `sluice doctor`, the demonstration,
// tests and load.
//
// An [Agent] is one device. [Agent.Enroll] finds the server and enrols
// (discovery, GetPolicies, RequestSecurityToken, provisioning document),
// [Agent.Poll] is one management session over TLS with the device's own
// certificate, [Agent.Renew] renews that certificate (MS-MDE2 3.5, ROBO) and
// [Agent.Unenroll] leaves the server as a person does in Settings.
//
// It is a strict client. What Windows rejects is an [*Error] with the HRESULT
// that an administrator reads on such a device: a provisioning document with a
// parameter in lower case, an answer without Content-Length, a certificate of
// another key. What Windows bears, but a careful server does not do, is a remark
// in the result.
//
// What a device is like is a [Machine]; what the server made of it is a
// [State], a plain value that can be saved, so that a device can be stopped and
// continued. A session works on the device's tree: DevInfo, DevDetail,
// DeviceStatus, Defender, DMClient, CertificateStore, Reboot, Policy (areas
// Update and DeliveryOptimization, with the validation of the device's own build
// and edition) and Update, which is fed by what the [Updates] of the device say.
//
// So that a mistake of the server cannot hide behind the same mistake here, the
// package shares nothing with the server but the nouns of omadm/device and the
// codec of omadm/syncml; even messages that the codec read are looked at again
// in their raw form.
//
// It plays a device. It changes nothing on the computer that it runs on.
package agent
