import { Frequent } from './random';

const words = (text: string): string[] => text.trim().split(/\s+/);

export interface Community {
  /** Share of the population. */
  share: number;
  family: Frequent<string>;
  female: Frequent<string>;
  male: Frequent<string>;
  /** Given names of people born before 1965, where they differ. */
  olderFemale?: Frequent<string>;
  olderMale?: Frequent<string>;
  /** Language of those who need another than English. */
  languages: { code: string; display: string }[];
}

const BRITISH_FAMILY = words(`
  Smith Jones Williams Taylor Brown Davies Evans Wilson Thomas Johnson Roberts Robinson Thompson Wright Walker White Edwards Hughes Green
  Hall Lewis Harris Clarke Jackson Wood Turner Martin Cooper Hill Ward Morris Moore Clark Lee King Baker Harrison Morgan Allen James Scott
  Phillips Watson Davis Parker Price Bennett Young Griffiths Mitchell Kelly Cook Carter Richardson Bailey Collins Bell Shaw Murphy Miller
  Cox Richards Marshall Simpson Anderson Ellis Adams Singleton Wilkinson Foster Campbell Powell Webb Russell Chapman Mason Stevens Hunt
  Mills Rogers Gibson Graham Matthews Palmer Holmes Lloyd Barnes Knight Butler Reynolds Fisher Barker Stevenson Jenkins Murray Stewart
  Dixon Harvey Pearson Fletcher Walsh Ford Howard Andrews Gray Hawkins Elliott Brooks Payne Hart Spencer Dean Day West Bradley Lawrence
  Burton Hudson Ryan Lawson Wells Cole Fox Rose Dawson Reid Perry Gardner Grant Stone Henderson Hunter Armstrong Berry Nicholson Carr
  Newman Hayes Woods Cunningham Cooke Riley Warren Porter Hamilton Burns Harper Austin Gordon Kennedy Francis Black Woodward Watts
  Gilbert Lane Sutton Barrett Lowe Sharp Coleman Crawford Jordan Webster Fraser Owen Ross Wallace Goodwin Rice Parry Wheeler Hopkins
  O'Brien O'Connor O'Neill O'Reilly O'Sullivan McDonald McCarthy McKenzie McLean MacLeod Doyle Byrne Gallagher Brennan Nolan Quinn Daly
  Pritchard Prosser Bevan Rees Probert Llewellyn Gwynne Howells Tudor Vaughan Ainsworth Ashworth Barraclough Birtwistle Clegg Entwistle
  Fairclough Greenhalgh Haworth Hindley Kershaw Ogden Ormerod Pickles Ramsbottom Sutcliffe Thornton Tattersall Whittaker Airey Atkinson
  Bainbridge Benson Braithwaite Dobson Elliot Fenwick Hodgson Nixon Robson Rutherford Storey Turnbull Charlton Milburn Allcock Bagshaw
  Copestake Dyson Eyre Frost Goddard Heathcote Kirk Middleton Oldfield Rowley Salt Twigg Wragg Blake Chivers Coombes Dyer Gale Hooper
  Jago Kitto Penrose Polkinghorne Rowe Trelawney Tregenza Trevithick Yeo Luscombe Northcott Huxtable Farrant Goss Abbott Aldridge Bacon
  Bloomfield Catchpole Cutting Finch Garrod Larter Mallett Rix Sayer Thurlow Whiting Bowyer Cheeseman Dunk Hollands Kemsley Luck Pankhurst
  Pilcher Wickens Sinclair Drummond Duncan Ferguson Galbraith Lockhart Maclean Mowat Nairn Paterson Sutherland Urquhart Baxter Blackwood
`);

const BRITISH = {
  share: 0.79,
  family: new Frequent(BRITISH_FAMILY),
  female: new Frequent(
    words(`
    Olivia Amelia Emily Jessica Sophie Charlotte Emma Laura Sarah Rebecca Hannah Lucy Chloe Rachel Amy Katie Lauren Megan Grace Ella Isla
    Ava Mia Poppy Lily Freya Evie Daisy Alice Florence Ivy Willow Rosie Matilda Harriet Eleanor Georgia Abigail Holly Bethany Jade Gemma
    Kelly Claire Nicola Lisa Michelle Donna Joanne Samantha Victoria Natalie Leanne Stacey Kirsty Zoe Zoë Caroline Catherine Helen Louise
    Danielle Stephanie Jennifer Natasha Kimberley Erin Caitlin Seren Cerys Megan Niamh Siân Chloë Orla Sinead Eilidh Skye Imogen Phoebe
    Martha Beatrice Penelope Robyn Thea Elsie Maisie Molly Esme Harper Lola Ruby Scarlett Summer Tilly Violet Bonnie Francesca Jasmine
  `),
    6,
  ),
  male: new Frequent(
    words(`
    Oliver Jack Harry George James Thomas William Joshua Daniel Matthew Ryan Luke Samuel Joseph Benjamin Adam Alexander Jake Connor Liam
    Callum Lewis Nathan Jordan Christopher Andrew David Michael Paul Mark Lee Craig Darren Jason Stuart Gareth Simon Richard Robert Stephen
    Jonathan Scott Dean Ashley Kieran Aaron Charlie Alfie Archie Noah Leo Theodore Oscar Arthur Henry Freddie Jacob Logan Ethan Isaac Edward
    Max Harrison Finley Reuben Toby Sebastian Elliot Rory Hamish Angus Fergus Ewan Rhys Dylan Owain Ieuan Geraint Seán Declan Cormac Patrick
    Dominic Zachary Louis Stanley Albie Jude Caleb Tobias Felix Rowan Jenson Tyler Brandon Bradley Kyle Sam Ben Tom Joe Dan Nicholas Peter
  `),
    6,
  ),
  olderFemale: new Frequent(
    words(`
    Margaret Susan Patricia Jean Mary Christine Linda Barbara Elizabeth Joan Maureen Carol Sheila Dorothy Ann Anne Pauline Sandra Janet
    Brenda Joyce Judith Marion Shirley Kathleen Doreen Jacqueline Jennifer Julie Gillian Pamela Valerie Beryl Eileen Audrey Hilary Rosemary
    Marjorie Hazel June Irene Freda Edna Iris Norma Sylvia Vera Winifred Gwendoline Mavis Muriel Olive Phyllis Ruth Stella Thelma Wendy Yvonne
  `),
    4,
  ),
  olderMale: new Frequent(
    words(`
    John David Peter Michael Alan Robert Brian William Keith Anthony Roger Colin Christopher Terence Raymond Derek Geoffrey Kenneth Barry
    Malcolm Graham Ronald Roy Dennis Trevor Gordon Eric Donald Stanley Norman Leonard Frank Harold Ernest Arthur Albert Frederick Sidney
    Reginald Cyril Douglas Maurice Gerald Bernard Clifford Dudley Edwin Hugh Ivor Kevin Leslie Neville Percy Ralph Stephen Victor Walter
  `),
    4,
  ),
  languages: [
    { code: 'cy', display: 'Welsh' },
    { code: 'q4', display: 'British Sign Language' },
    { code: 'q1', display: 'Braille' },
  ],
} satisfies Community;

const SOUTH_ASIAN: Community = {
  share: 0.09,
  family: new Frequent(
    words(`
    Patel Khan Singh Ahmed Hussain Ali Kaur Begum Shah Akhtar Iqbal Rahman Mahmood Malik Mohammed Sharma Uddin Miah Bibi Hassan Chowdhury
    Islam Choudhury Mirza Rashid Aziz Yousaf Raja Mistry Gupta Verma Desai Joshi Mehta Gill Dhillon Sandhu Sidhu Bains Grewal Perera Fernando
    Silva Nair Menon Pillai Krishnan Rao Reddy Thapa Gurung Rai Limbu Bhatti Chaudhry Qureshi Siddiqui Zaman Haque Karim Nawaz Parveen
  `),
    6,
  ),
  female: new Frequent(
    words(`
    Aisha Fatima Maryam Zainab Khadija Amina Sana Noor Hafsa Ayesha Priya Anjali Pooja Neha Nisha Meera Kavita Sunita Rekha Simran Jasleen
    Harpreet Manpreet Gurpreet Rupinder Nasreen Shabana Farah Rukhsana Yasmin Samina Nazia Rubina Shazia Deepa Lakshmi Divya Sita Asha Ananya
  `),
    6,
  ),
  male: new Frequent(
    words(`
    Mohammed Muhammad Ibrahim Yusuf Ahmed Ali Hamza Omar Bilal Usman Hassan Zain Imran Tariq Asif Nadeem Rizwan Faisal Arjun Rahul Amit
    Vikram Sanjay Raj Rohan Anil Sunil Dinesh Harjit Gurdeep Jaspal Manjit Balbir Abdul Shahid Kamran Waqas Adeel Krishna Suresh Ravi
  `),
    6,
  ),
  languages: [
    { code: 'ur', display: 'Urdu' },
    { code: 'pa', display: 'Punjabi' },
    { code: 'bn', display: 'Bengali' },
    { code: 'gu', display: 'Gujarati' },
  ],
};

const EUROPEAN: Community = {
  share: 0.06,
  family: new Frequent(
    words(`
    Nowak Kowalski Wiśniewska Wójcik Kowalczyk Kamińska Lewandowski Zielińska Szymańska Woźniak Dąbrowska Kozłowski Jankowski Mazur
    Popescu Ionescu Popa Dumitru Stoica Constantin Radu Georgescu Ivanov Dimitrov Petrov Georgieva Todorova Kazlauskas Petrauskas Bērziņš
    Ozoliņš Novák Svoboda Horváth Kovács Nagy Tóth Silva Santos Ferreira Pereira Oliveira Costa Rossi Russo Ferrari Esposito García
    Fernández Martínez López Müller Schmidt Weber Dubois Moreau Laurent Papadopoulos Georgiou Christodoulou Yılmaz Demir Kaya Shevchenko
  `),
    8,
  ),
  female: new Frequent(
    words(`
    Anna Maria Katarzyna Agnieszka Małgorzata Ewa Magdalena Joanna Zofia Zuzanna Elena Ioana Andreea Mihaela Alexandra Ivana Desislava
    Inês Sofia Beatriz Giulia Chiara Lucía Carmen Léa Chloé Ingrid Helga Eleni Despina Ayşe Elif Olena Oksana Ieva Kristīne Jana Zsófia
  `),
    6,
  ),
  male: new Frequent(
    words(`
    Piotr Krzysztof Andrzej Tomasz Paweł Michał Marcin Jakub Łukasz Jan Andrei Alexandru Mihai Ionuț Stefan Ivan Georgi Dimitar João Tiago
    Miguel Marco Luca Giuseppe José Carlos François Jérôme Jürgen Björn Nikos Yiannis Mehmet Emre Oleksandr Jonas Jānis Tomáš László Gábor
  `).map((name) => name.replace('ț', 't')),
    6,
  ),
  languages: [
    { code: 'pl', display: 'Polish' },
    { code: 'ro', display: 'Romanian' },
    { code: 'pt', display: 'Portuguese' },
    { code: 'tr', display: 'Turkish' },
    { code: 'uk', display: 'Ukrainian' },
  ],
};

const AFRICAN_AND_CARIBBEAN: Community = {
  share: 0.04,
  family: new Frequent(
    words(`
    Okafor Adeyemi Okeke Oluwole Balogun Adebayo Eze Obi Mensah Owusu Boateng Asante Osei Appiah Mohamed Abdi Hassan Farah Warsame Ndlovu
    Moyo Dube Ncube Sibanda Kamau Otieno Mwangi Banda Phiri Tesfaye Haile Kamara Sesay Conteh Diallo Campbell Bailey Clarke Reid Gordon
  `),
    8,
  ),
  female: new Frequent(
    words(`
    Grace Blessing Chidinma Ngozi Folake Abena Akosua Ama Efua Adwoa Hodan Hibo Fatou Aminata Thandiwe Nomsa Wanjiru Esther Ruth Mercy
    Precious Patience Comfort Beverley Yvonne Marcia Shanice Keisha
  `),
    6,
  ),
  male: new Frequent(
    words(`
    Emmanuel Samuel Chinedu Emeka Olumide Tunde Babatunde Kwame Kofi Kwabena Yaw Abdi Mohamed Abdullahi Tendai Tafadzwa Joseph Daniel
    Ibrahim Winston Delroy Leroy Marlon Jermaine
  `),
    6,
  ),
  languages: [
    { code: 'so', display: 'Somali' },
    { code: 'yo', display: 'Yoruba' },
    { code: 'fr', display: 'French' },
  ],
};

const EAST_ASIAN_AND_ARAB: Community = {
  share: 0.02,
  family: new Frequent(
    words(`
    Wong Chan Li Wang Chen Cheung Lam Zhang Liu Ho Leung Nguyen Tran Pham Le Kim Park Tanaka Sato Santos Reyes Cruz Al-Hassan Al-Rashid
    Haddad Khoury Nasser Saleh Mansour Ahmadi Hosseini Karimi Rahimi
  `),
    8,
  ),
  female: new Frequent(words('Mei Ling Xiu Wei Hui Yan Jing Linh Huong Ji-Yeon Yuki Maria Angelica Layla Hana Mariam Leila Zahra Parisa Noor'), 6),
  male: new Frequent(words('Wei Ming Jun Hao Chun Kai Minh Tuan Ji-Hoon Kenji Jose Ramon Omar Khalid Karim Tarek Ahmad Reza Hamid Farid'), 6),
  languages: [
    { code: 'zh', display: 'Chinese' },
    { code: 'ar', display: 'Arabic' },
    { code: 'fa', display: 'Persian' },
    { code: 'vi', display: 'Vietnamese' },
  ],
};

/** Who lives in England and Wales, roughly by its census of 2021; the people themselves are made up. */
export const COMMUNITIES: Community[] = [BRITISH, SOUTH_ASIAN, EUROPEAN, AFRICAN_AND_CARIBBEAN, EAST_ASIAN_AND_ARAB];
