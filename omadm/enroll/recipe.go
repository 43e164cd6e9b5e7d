package enroll

import "strings"

// script enrols by RegisterDeviceWithManagement, which sends the token as a
// BinarySecurityToken, whatever discovery said.
func script(server, user string) string {
	return fill(`$ErrorActionPreference = 'Stop'
$token = 'TOKEN'
Add-Type -Namespace Sluice -Name Enrollment -MemberDefinition @'
[DllImport("mdmregistration.dll", CharSet = CharSet.Unicode, ExactSpelling = true)]
public static extern int RegisterDeviceWithManagement(string upn, string discoveryUrl, string accessToken);
'@
$result = [Sluice.Enrollment]::RegisterDeviceWithManagement('USER', 'URL', $token)
if ($result -ne 0) { throw ('enrolment failed: 0x{0:X8}' -f $result) }
`, server, quotePowerShell(user))
}

// customizations is the answer file of a provisioning package.
func customizations(server, user string) string {
	return fill(`<?xml version="1.0" encoding="utf-8"?>
<WindowsCustomizations>
  <PackageConfig xmlns="urn:schemas-Microsoft-com:Windows-ICD-Package-Config.v1.0">
    <ID>{GUID}</ID>
    <Name>sluice</Name>
    <Version>1.0</Version>
    <OwnerType>ITAdmin</OwnerType>
    <Rank>0</Rank>
  </PackageConfig>
  <Settings xmlns="urn:schemas-microsoft-com:windows-provisioning">
    <Customizations>
      <Common>
        <Certificates>
          <RootCertificates>
            <RootCertificate CertificateName="sluice" Name="sluice">
              <CertificatePath>sluice.cer</CertificatePath>
            </RootCertificate>
          </RootCertificates>
        </Certificates>
        <Workplace>
          <Enrollments>
            <UPN UPN="USER" Name="USER">
              <AuthPolicy>OnPremise</AuthPolicy>
              <DiscoveryServiceFullUrl>URL</DiscoveryServiceFullUrl>
              <Secret>TOKEN</Secret>
            </UPN>
          </Enrollments>
        </Workplace>
      </Common>
    </Customizations>
  </Settings>
</WindowsCustomizations>
`, server, escape(user))
}

func fill(text, server, user string) string {
	return strings.NewReplacer("USER", user, "URL", server+DiscoveryPath).Replace(text)
}

// quotePowerShell writes a text as it stands between single quotes.
func quotePowerShell(s string) string { return strings.ReplaceAll(s, "'", "''") }
