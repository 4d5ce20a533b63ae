import { Frequent } from './random';

export interface Place {
  town: string;
  county: string;
  /** Outward codes of its postcodes. */
  outward: string[];
  localities: string[];
  /** Telephone numbers that Ofcom keeps for drama, without their last three digits. */
  phone: string;
}

/** Where Ofcom keeps no drama numbers for a town, it keeps these. */
const NO_AREA = '01632960';

const place = (town: string, county: string, outward: string, localities: string, phone = NO_AREA): Place => ({
  town,
  county,
  outward: outward.split(' '),
  localities: localities.split(', '),
  phone,
});

/** Larger places first: they come up more often. */
export const PLACES = new Frequent(
  [
    place('London', 'Greater London', 'E8 E17 N7 N16 NW3 NW10 SE5 SE15 SW9 SW16 W3 W12', 'Hackney, Walthamstow, Holloway, Camberwell, Peckham, Brixton', '02079460'),
    place('London', 'Greater London', 'E14 N22 SE18 SW19 W7', 'Poplar, Wood Green, Woolwich, Wimbledon, Hanwell', '02079460'),
    place('Birmingham', 'West Midlands', 'B11 B13 B14 B20 B23 B28 B30', "Sparkhill, Moseley, King's Heath, Handsworth, Erdington, Hall Green", '01214960'),
    place('Manchester', 'Greater Manchester', 'M8 M14 M19 M20 M21 M22', 'Cheetham Hill, Fallowfield, Levenshulme, Didsbury, Chorlton', '01614960'),
    place('Leeds', 'West Yorkshire', 'LS6 LS7 LS8 LS11 LS12 LS15 LS17', 'Headingley, Chapel Allerton, Roundhay, Beeston, Armley, Cross Gates', '01134960'),
    place('Sheffield', 'South Yorkshire', 'S5 S6 S8 S10 S11 S13', 'Firth Park, Hillsborough, Woodseats, Crookes, Ecclesall', '01144960'),
    place('Liverpool', 'Merseyside', 'L4 L6 L13 L15 L17 L18 L25', 'Walton, Tuebrook, Wavertree, Aigburth, Woolton', '01514960'),
    place('Bristol', 'Avon', 'BS3 BS5 BS6 BS7 BS9 BS16', 'Bedminster, Easton, Redland, Horfield, Fishponds', '01174960'),
    place('Nottingham', 'Nottinghamshire', 'NG3 NG5 NG7 NG8 NG9', 'Mapperley, Sherwood, Lenton, Wollaton, Beeston', '01154960'),
    place('Leicester', 'Leicestershire', 'LE2 LE3 LE4 LE5', 'Clarendon Park, Braunstone, Belgrave, Evington', '01164960'),
    place('Newcastle upon Tyne', 'Tyne and Wear', 'NE2 NE3 NE4 NE5 NE6', 'Jesmond, Gosforth, Fenham, Byker, Heaton', '01914980'),
    place('Coventry', 'West Midlands', 'CV2 CV3 CV5 CV6', 'Walsgrave, Stoke, Earlsdon, Foleshill'),
    place('Bradford', 'West Yorkshire', 'BD2 BD3 BD5 BD8 BD9', 'Eccleshill, Thornbury, Manningham, Heaton'),
    place('Hull', 'East Riding of Yorkshire', 'HU3 HU5 HU6 HU8', 'Newland, Anlaby, Beverley Road, Holderness'),
    place('Cardiff', 'South Glamorgan', 'CF5 CF11 CF14 CF23 CF24', 'Ely, Canton, Whitchurch, Cyncoed, Roath', '02920180'),
    place('Plymouth', 'Devon', 'PL2 PL3 PL4 PL5 PL6', 'Keyham, Peverell, Mutley, Crownhill'),
    place('Stoke-on-Trent', 'Staffordshire', 'ST1 ST3 ST4 ST6', 'Hanley, Longton, Fenton, Burslem'),
    place('Wolverhampton', 'West Midlands', 'WV3 WV4 WV6 WV10', 'Finchfield, Penn, Tettenhall, Bushbury'),
    place('Derby', 'Derbyshire', 'DE21 DE22 DE23 DE24', 'Chaddesden, Allestree, Littleover, Alvaston'),
    place('Southampton', 'Hampshire', 'SO15 SO16 SO17 SO18', 'Shirley, Bassett, Portswood, Bitterne'),
    place('Portsmouth', 'Hampshire', 'PO2 PO3 PO4', 'North End, Copnor, Southsea'),
    place('Brighton', 'East Sussex', 'BN1 BN2', 'Preston, Kemptown, Patcham, Hollingdean'),
    place('Swansea', 'West Glamorgan', 'SA1 SA2 SA5 SA6', 'Uplands, Sketty, Townhill, Morriston'),
    place('Reading', 'Berkshire', 'RG1 RG2 RG4 RG30', 'Caversham, Whitley, Tilehurst', '01184960'),
    place('Sunderland', 'Tyne and Wear', 'SR2 SR3 SR4 SR5', 'Ashbrooke, Silksworth, Pennywell, Southwick'),
    place('Northampton', 'Northamptonshire', 'NN1 NN2 NN3 NN5', 'Abington, Kingsthorpe, Weston Favell, Duston'),
    place('Luton', 'Bedfordshire', 'LU1 LU2 LU3 LU4', 'Stopsley, Leagrave, Limbury'),
    place('Bolton', 'Greater Manchester', 'BL1 BL2 BL3', 'Heaton, Breightmet, Daubhill'),
    place('Middlesbrough', 'Cleveland', 'TS3 TS4 TS5 TS7', 'Linthorpe, Acklam, Marton'),
    place('Blackpool', 'Lancashire', 'FY1 FY2 FY3 FY4', 'Bispham, Layton, South Shore'),
    place('Norwich', 'Norfolk', 'NR1 NR2 NR3 NR5', 'Eaton, Catton, Bowthorpe'),
    place('Oxford', 'Oxfordshire', 'OX1 OX2 OX3 OX4', 'Jericho, Headington, Cowley, Iffley'),
    place('Cambridge', 'Cambridgeshire', 'CB1 CB2 CB4', 'Romsey, Trumpington, Chesterton'),
    place('Ipswich', 'Suffolk', 'IP1 IP2 IP3 IP4', 'Chantry, Gainsborough, Rushmere'),
    place('Exeter', 'Devon', 'EX1 EX2 EX4', 'Heavitree, Alphington, Pennsylvania'),
    place('York', 'North Yorkshire', 'YO10 YO24 YO26 YO30', 'Fulford, Acomb, Clifton, Heworth'),
    place('Gloucester', 'Gloucestershire', 'GL1 GL2 GL4', 'Barton, Quedgeley, Matson'),
    place('Bath', 'Somerset', 'BA1 BA2', 'Weston, Oldfield Park, Widcombe'),
    place('Taunton', 'Somerset', 'TA1 TA2', 'Wellsprings, Priorswood, Galmington'),
    place('Yeovil', 'Somerset', 'BA20 BA21', 'Pen Mill, Preston, Summerlands'),
    place('Bridgwater', 'Somerset', 'TA5 TA6', 'Hamp, Sydenham, Wembdon'),
    place('Carlisle', 'Cumbria', 'CA1 CA2 CA3', 'Harraby, Currock, Stanwix'),
    place('Lincoln', 'Lincolnshire', 'LN1 LN2 LN5', 'Ermine, Birchwood, Bracebridge'),
    place('Worcester', 'Worcestershire', 'WR1 WR3 WR5', 'Barbourne, Claines, Battenhall'),
    place('Shrewsbury', 'Shropshire', 'SY1 SY2 SY3', 'Harlescott, Monkmoor, Meole Brace'),
    place('Wrexham', 'Clwyd', 'LL11 LL12 LL13', 'Gwersyllt, Gresford, Caia Park'),
    place('Truro', 'Cornwall', 'TR1 TR2 TR3', 'Highertown, Tresillian, Playing Place'),
    place('Hereford', 'Herefordshire', 'HR1 HR2 HR4', 'Tupsley, Belmont, Whitecross'),
    place('Durham', 'County Durham', 'DH1 DH6 DH7', 'Gilesgate, Bowburn, Meadowfield'),
    place('Dorchester', 'Dorset', 'DT1 DT2', 'Fordington, Poundbury, Charminster'),
  ],
  4,
);

export const STREETS = new Frequent(
  `High Street|Station Road|London Road|Church Road|Victoria Road|Park Road|Main Street|Church Lane|Green Lane|Manor Road|Kings Road|Queens
  Road|New Road|Grange Road|School Lane|Mill Lane|North Road|Albert Road|The Crescent|York Road|Alexandra Road|West Street|George Street|Chester
  Road|Broadway|Windsor Road|Springfield Road|Stanley Road|Highfield Road|Park Avenue|Mill Road|Clarence Road|Meadow View|Orchard Close|Hillside
  Avenue|Woodlands Drive|Beech Grove|Oak Tree Close|Elm Drive|Ash Grove|Willow Way|Chestnut Avenue|Sycamore Road|Hawthorn Close|Laburnum
  Grove|Primrose Hill|Cedar Gardens|Rectory Lane|Vicarage Road|Priory Close|Abbey Road|Castle Street|Bridge Street|River View|Canal Side|Quarry
  Bank|Moor Lane|Heath Road|Common Lane|Nelson Street|Wellington Road|Waterloo Terrace|Trafalgar Place|Cromwell Road|Gladstone Street|Churchill
  Way|Jubilee Close|Coronation Avenue|Coppice Rise|Farm Lane`
    .split('|')
    .map((street) => street.replace(/\s+/g, ' ').trim()),
);

export const HOUSES = ['Rose Cottage', 'The Old Schoolhouse', 'Hill View', 'Ivy House', 'The Lodge', 'Oakdene', 'Fairview', 'The Bungalow', 'Mill House', 'Wayside'];
