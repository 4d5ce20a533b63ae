const UK_CORE = 'https://fhir.hl7.org.uk/StructureDefinition/Extension-UKCore-';

/** Extensions of a Patient, of its identifier and of its parts, as the Personal Demographics Service names them. */
export const EXTENSION_URLS = {
  verificationStatus: `${UK_CORE}NHSNumberVerificationStatus`,
  nominatedPharmacy: `${UK_CORE}NominatedPharmacy`,
  dispensingDoctor: `${UK_CORE}PreferredDispenserOrganization`,
  applianceSupplier: `${UK_CORE}MedicalApplianceSupplier`,
  deathNotification: `${UK_CORE}DeathNotificationStatus`,
  communication: `${UK_CORE}NHSCommunication`,
  contactPreference: `${UK_CORE}ContactPreference`,
  addressKey: `${UK_CORE}AddressKey`,
  otherContactSystem: `${UK_CORE}OtherContactSystem`,
  birthPlace: 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace',
  removal: 'https://fhir.nhs.uk/StructureDefinition/Extension-PDS-RemovalFromRegistration',
  recordSharingConsent: 'https://hl7.org/fhir/R4/consent.html',
  dataAbsent: 'http://hl7.org/fhir/StructureDefinition/data-absent-reason',
} as const;
