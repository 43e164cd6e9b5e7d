// Package metadata reads update metadata: it turns a full update document, as
// MS-WSUSSS GetUpdateData and wsusutil exports carry it, into the nouns of
// [sluice/wsus/update] and into the fragments that clients ask for (MS-WUSP
// 3.1.1.1 "Populating the Data Model"), and it reads the same nouns out of
// fragments where a medium holds nothing else (WSUSSCAN.cab, wsusscn2.cab).
//
// Fragments are made by rewriting the document's tokens in one pass, without a
// tree, because core fragments reach tens of megabytes. The rules follow what a
// real server sends, which differs from the specification in places:
//
//   - Names lose their prefix. Elements of three vocabularies, told by namespace
//     and not by prefix, get one with a dot instead: b. base rules, m. MSI rules,
//     d. drivers. An attribute's prefix goes too (xsi:type becomes type), its
//     value stays although its own prefix is then undeclared.
//   - Declarations of prefixes go. A default declaration of a vocabulary other
//     than Microsoft Update's own stays where it stood (the assembly of a CBS
//     package, the MsiPatch of an MSP).
//   - Core is UpdateIdentity, Properties reduced to an empty element with
//     UpdateType, ExplicitlyDeployable, AutoSelectOnWebSites, OSUpgrade and EulaID
//     in this order, Relationships, ApplicabilityRules. Attributes that are false
//     are left out, as are absent sections.
//   - Extended is Properties under the name ExtendedProperties with the remaining
//     attributes and all child elements, Files, HandlerSpecificData.
//   - Localized and eula are single elements, one fragment each.
//   - Comments and white space between elements go; white space that is all an
//     element holds stays. Elements without content are written <X />, however the
//     document writes them.
//   - Character data is decoded and escaped anew as .NET's XmlWriter does: & < > in
//     text, also " in attributes, with carriage returns and, in attributes, line
//     feeds and tabs as references. White space written literally into an attribute
//     becomes a space and line ends become line feeds, as XML 1.0 asks (2.11, 3.3.3).
//
// No capture shows these, so they are choices: OSUpgrade stands after
// AutoSelectOnWebSites (EulaID after ExplicitlyDeployable is what an MSU holds);
// PerUser="true" stays in extended; start and end tag with nothing between collapse
// also in other elements than Properties; d.WindowsDriverMetaData in core loses its
// children (feature scores, computer hardware ids), which only the server uses.
//
// Everything read is bounded: see [MaxDocument] and the constants beside it.
package metadata
