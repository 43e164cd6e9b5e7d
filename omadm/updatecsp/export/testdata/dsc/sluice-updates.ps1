# Plant floor
# written by sluice on 2026-11-24T18:30:00Z
# left out: DisableDualScan: not to be combined with the four source settings; set it by hand on Windows Server 2016 and 2019, which lack those
# left out: IgnoreMOUpdateDownloadLimit: there is no policy for it, only OMA DM
# left out: RequireUpdateApproval: what is approved can be told by OMA DM only; machines with a WSUS server have its approvals

Configuration SluiceUpdates
{
    Import-DscResource -ModuleName PSDesiredStateConfiguration

    Node 'localhost'
    {
        Registry 'DeliveryOptimization DODownloadMode'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\DeliveryOptimization'
            ValueName = 'DODownloadMode'
            ValueType = 'Dword'
            ValueData = '99'
            Force     = $true
        }
        Registry 'WindowsUpdate AcceptTrustedPublisherCerts'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'AcceptTrustedPublisherCerts'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate ActiveHoursEnd'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'ActiveHoursEnd'
            ValueType = 'Dword'
            ValueData = '19'
            Force     = $true
        }
        Registry 'WindowsUpdate ActiveHoursStart'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'ActiveHoursStart'
            ValueType = 'Dword'
            ValueData = '7'
            Force     = $true
        }
        Registry 'WindowsUpdate BranchReadinessLevel'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'BranchReadinessLevel'
            ValueType = 'Dword'
            ValueData = '16'
            Force     = $true
        }
        Registry 'WindowsUpdate DeferFeatureUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DeferFeatureUpdates'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate DeferFeatureUpdatesPeriodInDays'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DeferFeatureUpdatesPeriodInDays'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate DeferQualityUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DeferQualityUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate DeferQualityUpdatesPeriodInDays'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DeferQualityUpdatesPeriodInDays'
            ValueType = 'Dword'
            ValueData = '7'
            Force     = $true
        }
        Registry 'WindowsUpdate DoNotConnectToWindowsUpdateInternetLocations'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DoNotConnectToWindowsUpdateInternetLocations'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'DoNotEnforceEnterpriseTLSCertPinningForUpdateDetection'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate ExcludeWUDriversInQualityUpdate'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'ExcludeWUDriversInQualityUpdate'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate FillEmptyContentUrls'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'FillEmptyContentUrls'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate ManagePreviewBuilds'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'ManagePreviewBuilds'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate ManagePreviewBuildsPolicyValue'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'ManagePreviewBuildsPolicyValue'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate PauseFeatureUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'PauseFeatureUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetActiveHours'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetActiveHours'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetPolicyDrivenUpdateSourceForDriverUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetPolicyDrivenUpdateSourceForDriverUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetPolicyDrivenUpdateSourceForFeatureUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetPolicyDrivenUpdateSourceForFeatureUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetPolicyDrivenUpdateSourceForOtherUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetPolicyDrivenUpdateSourceForOtherUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetPolicyDrivenUpdateSourceForQualityUpdates'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetPolicyDrivenUpdateSourceForQualityUpdates'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate SetProxyBehaviorForUpdateDetection'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'SetProxyBehaviorForUpdateDetection'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'WindowsUpdate TargetGroup'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'TargetGroup'
            ValueType = 'String'
            ValueData = 'Plant floor'
            Force     = $true
        }
        Registry 'WindowsUpdate TargetGroupEnabled'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'TargetGroupEnabled'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'WindowsUpdate UpdateServiceUrlAlternate'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'UpdateServiceUrlAlternate'
            ValueType = 'String'
            ValueData = 'https://content.site.example:8531'
            Force     = $true
        }
        Registry 'WindowsUpdate WUServer'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'WUServer'
            ValueType = 'String'
            ValueData = 'https://sluice.site.example:8531'
            Force     = $true
        }
        Registry 'WindowsUpdate WUStatusServer'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate'
            ValueName = 'WUStatusServer'
            ValueType = 'String'
            ValueData = 'https://sluice.site.example:8531'
            Force     = $true
        }
        Registry 'AU AllowMUUpdateService'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'AllowMUUpdateService'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'AU AUOptions'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'AUOptions'
            ValueType = 'Dword'
            ValueData = '4'
            Force     = $true
        }
        Registry 'AU AutomaticMaintenanceEnabled'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'AutomaticMaintenanceEnabled'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'AU DetectionFrequency'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'DetectionFrequency'
            ValueType = 'Dword'
            ValueData = '8'
            Force     = $true
        }
        Registry 'AU DetectionFrequencyEnabled'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'DetectionFrequencyEnabled'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'AU NoAutoUpdate'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'NoAutoUpdate'
            ValueType = 'Dword'
            ValueData = '0'
            Force     = $true
        }
        Registry 'AU ScheduledInstallDay'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'ScheduledInstallDay'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'AU ScheduledInstallTime'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'ScheduledInstallTime'
            ValueType = 'Dword'
            ValueData = '3'
            Force     = $true
        }
        Registry 'AU UseUpdateClassPolicySource'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'UseUpdateClassPolicySource'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
        Registry 'AU UseWUServer'
        {
            Ensure    = 'Present'
            Key       = 'HKEY_LOCAL_MACHINE\SOFTWARE\Policies\Microsoft\Windows\WindowsUpdate\AU'
            ValueName = 'UseWUServer'
            ValueType = 'Dword'
            ValueData = '1'
            Force     = $true
        }
    }
}

SluiceUpdates -OutputPath (Join-Path $PSScriptRoot 'SluiceUpdates')
